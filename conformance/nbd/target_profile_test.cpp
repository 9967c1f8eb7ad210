// SPDX-License-Identifier: Apache-2.0
#include "target_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace conformance::nbd
{

using testing::HasSubstr;

TEST(TargetProfile, theFirstModeThatOffersItIsTaken)
{
    const auto profile = parseTargetProfile(R"(
[[mode]]
offers = ["plain"]
line = "one {socket}"

[[mode]]
offers = ["plain", "read-only"]
line = "two {socket}"
export = "disk"

[[mode]]
offers = ["tls-required", "psk"]
line = "three {config}"
config = "at {socket}"
tls-only-export = "secret"
)",
                                            "some/where.toml");
    ASSERT_TRUE(profile) << describe(profile.error());
    EXPECT_EQ(profile->name, "where");
    EXPECT_EQ(profile->find(Needs::plain)->start.line, "one {socket}");
    EXPECT_EQ(profile->find(Needs::plain | Needs::readOnly)->exportName,
              "disk");
    const TargetMode* tls = profile->find(Needs::tlsRequired);
    ASSERT_NE(tls, nullptr);
    EXPECT_EQ(tls->start.config, "at {socket}");
    EXPECT_EQ(tls->tlsOnlyExport, "secret");
    EXPECT_EQ(describe(tls->offers), "tls-required, psk");
    EXPECT_EQ(profile->find(Needs::tlsRequired | Needs::certificate), nullptr);
}

TEST(TargetProfile, aSlipIsNamedWithItsLine)
{
    const std::pair<const char*, const char*> slips[] = {
        {"x = [", "f.toml:1"},
        {"", "no [[mode]]"},
        {"line = 'x'", "f.toml:1: 'line'"},
        {"mode = [1]", "f.toml:1: mode is no table"},
        {"[[mode]]\noffers = ['plain']", "needs offers and line"},
        {"[[mode]]\noffers = ['plane']", "f.toml:2: nothing that is offered "
                                         "is called 'plane'"},
        {"[[mode]]\noffers = 'plain'", "f.toml:2: offers is no list"},
        {"[[mode]]\nline = 7", "f.toml:2: line is no string"},
        {"[[mode]]\nlien = 'x'", "f.toml:2: 'lien'"},
        {"[[mode]]\noffers = ['plain']\nline = \"'x\"", "never closed"},
    };
    for (const auto& [text, says] : slips)
    {
        const auto profile = parseTargetProfile(text, "f.toml");
        ASSERT_FALSE(profile) << text;
        EXPECT_EQ(profile.error().code, vmedia::Errc::usage);
        EXPECT_THAT(describe(profile.error()), HasSubstr(says));
    }
}

TEST(TargetProfile, thoseThatComeWithTheProgramAreSound)
{
    for (const char* name : {"vmedia-nbd", "nbdkit", "qemu-nbd", "nbd-server"})
    {
        const auto profile =
            loadTargetProfile(std::string(VMEDIA_PROFILES) + name + ".toml");
        ASSERT_TRUE(profile) << describe(profile.error());
        EXPECT_NE(profile->find(Needs::plain), nullptr) << name;
        EXPECT_NE(profile->find(Needs::tlsRequired), nullptr) << name;
    }
}

} // namespace conformance::nbd
