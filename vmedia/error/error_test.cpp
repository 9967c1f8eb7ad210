// SPDX-License-Identifier: Apache-2.0
#include "error.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace vmedia
{

TEST(Error, tellsFactThenPlaceThenRemedy)
{
    Result<int> outer = during("push", {Errc::refused, "slot 7 does not exist",
                                        "upgrade", "use /nbd/0 or /nbd/1"});
    EXPECT_EQ(describe(outer.error()),
              "slot 7 does not exist (push, upgrade); use /nbd/0 or /nbd/1");
}

TEST(Error, usesTheSystemsWordForAnErrorNumber)
{
    Result<int> result = failErrno(ENOENT, "disk.img");
    EXPECT_EQ(result.error().what, "disk.img: No such file or directory");
    EXPECT_EQ(result.error().code, Errc::io);
    EXPECT_EQ(result.error().errorNumber, ENOENT);
}

TEST(Error, keepsAnErrorNumberThatItsTextDoesNotTell)
{
    Result<int> inner = failNumbered(ENODEV, "no free UDC", "stop a medium");
    Result<int> outer = during("slot 0", inner.error());
    EXPECT_EQ(describe(outer.error()), "no free UDC (slot 0); stop a medium");
    EXPECT_EQ(outer.error().errorNumber, ENODEV);
    EXPECT_EQ(Result<int>(fail(Errc::io, "none")).error().errorNumber, 0);
}

TEST(Error, isOneLineWhateverWasSeen)
{
    EXPECT_EQ(describe({Errc::usage, "'1\n\x1b[2J' is not a size"}),
              "'1\\x0a\\x1b[2J' is not a size");
}

TEST(Error, exitStatusTellsUsageFromFailure)
{
    EXPECT_EQ(report("test", {Errc::usage, "no such option"}), 2);
    EXPECT_EQ(report("test", {Errc::io, "no such file"}), 1);
}

} // namespace vmedia
