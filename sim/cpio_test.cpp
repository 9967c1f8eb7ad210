// SPDX-License-Identifier: Apache-2.0
#include "cpio.hpp"

#include <gtest/gtest.h>

namespace sim
{

TEST(Cpio, headerSaysModeAndSizesAndDataIsPaddedToFour)
{
    Cpio cpio;
    cpio.text("a", "12345", 0755);
    // Typed from buffer-format.rst, not taken from a run.
    EXPECT_EQ(cpio.archive(), std::string("070701"
                                          "00000001"
                                          "000081ED"
                                          "00000000"
                                          "00000000"
                                          "00000001"
                                          "00000000"
                                          "00000005"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "00000002"
                                          "00000000"
                                          "a\0"
                                          "12345\0\0\0"
                                          "070701"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "00000001"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "00000000"
                                          "0000000B"
                                          "00000000"
                                          "TRAILER!!!\0\0\0\0",
                                          110 + 2 + 8 + 110 + 14));
}

TEST(Cpio, foldersComeByThemselvesAndBeforeWhatTheyHold)
{
    Cpio cpio;
    cpio.link("usr/bin/sh", "/bin/busybox");
    const std::string archive = cpio.archive();
    EXPECT_LT(archive.find("usr"), archive.find("usr/bin"));
    EXPECT_LT(archive.find("usr/bin"), archive.find("usr/bin/sh"));
    EXPECT_TRUE(cpio.holds("usr/bin"));
}

TEST(Cpio, aMissingFileIsAnErrorThatNamesIt)
{
    Cpio cpio;
    EXPECT_EQ(cpio.file("x", "/nonexistent/x", 0644).error().what,
              "/nonexistent/x: No such file or directory");
}

} // namespace sim
