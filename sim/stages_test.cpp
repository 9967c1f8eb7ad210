// SPDX-License-Identifier: Apache-2.0
#include "stages.hpp"

#include <gtest/gtest.h>

namespace sim
{

namespace
{

const Expectation own{};
const Expectation foreign{false, "Welcome to"};

} // namespace

TEST(Stages, theTableIsInTheOrderOfTheEnumeration)
{
    for (size_t i = 0; i < allStages().size(); ++i)
    {
        EXPECT_EQ(static_cast<size_t>(allStages()[i].stage), i);
    }
}

TEST(Stages, evidenceCountsOnlyFromItsOwnSource)
{
    EXPECT_EQ(recognise(Source::bmc, "vmedia-bmc: user space", own),
              Stage::bmcUserSpace);
    EXPECT_EQ(recognise(Source::push, "vmedia-bmc: user space", own),
              std::nullopt);
    EXPECT_EQ(recognise(Source::push,
                        "vmedia-nbd: WebSocket open wss://127.0.0.1:1/nbd/0",
                        own),
              Stage::webSocketOpen);
}

TEST(Stages, biosBootsOnlyWhenItJumps)
{
    EXPECT_EQ(recognise(Source::bios, "Booting from DVD/CD...", own),
              std::nullopt);
    EXPECT_EQ(recognise(Source::bios, "Booting from 0000:7c00", own),
              Stage::biosBoots);
}

TEST(Stages, ownImageWantsItsOwnLoader)
{
    EXPECT_EQ(recognise(Source::host, "GRUB loading.", own), std::nullopt);
    EXPECT_EQ(recognise(Source::host, "ISOLINUX 6.04 20200816", own),
              Stage::loader);
}

TEST(Stages, foreignImageIsKnownByItsFirstTextAfterTheBios)
{
    // The BIOS's lines come in pieces too: a half of one is no loader.
    for (std::string_view line :
         {"", " ", "Sea", "SeaBIOS (version 1.16.2)", "Booting",
          "Booting from DVD/CD...", "Boot fai",
          "Boot failed: not a bootable disk", "No bootable device."})
    {
        EXPECT_EQ(recognise(Source::host, line, foreign), std::nullopt) << line;
    }
    EXPECT_EQ(recognise(Source::host, "GRUB loading.", foreign), Stage::loader);
}

TEST(Stages, foreignUserSpaceIsTheExpectedTextOnly)
{
    EXPECT_EQ(recognise(Source::host, "Welcome to Debian", foreign),
              Stage::userSpace);
    EXPECT_EQ(recognise(Source::host, "vmedia-host: user space", {false, ""}),
              Stage::loader);
}

TEST(Stages, readerProvesNothingButTheHash)
{
    EXPECT_EQ(recognise(Source::reader, "vmedia-host: user space", own),
              std::nullopt);
    EXPECT_EQ(recognise(Source::reader, "vmedia-host: sha256 ab", foreign),
              Stage::mediumRead);
}

TEST(Stages, troubleNamesItself)
{
    EXPECT_EQ(findTrouble(Source::bmc, "block nbd0: Unexpected reply (4) 0xf"),
              "block nbd0: Unexpected reply (4) 0xf");
    EXPECT_EQ(findTrouble(Source::host, "Boot failed: not a bootable disk"),
              "Boot failed: not a bootable disk");
    EXPECT_EQ(findTrouble(Source::host, "[    1.0] usb 1-1: new device"),
              std::nullopt);
}

} // namespace sim
