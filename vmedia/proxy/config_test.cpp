// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <gtest/gtest.h>

namespace vmedia::proxy
{
namespace
{

constexpr std::string_view two = R"({
  "timeout": 5,
  "configurations": {
    "0": {"nbd-device": "/dev/nbd0", "metadata": {"description": "a disk"}},
    "1": {"nbd-device": "/dev/nbd1"}
  }
})";

std::string errorOf(std::string_view text)
{
    Result<Config> config = parseConfig(text, "c.json");
    return config ? "no error" : describe(config.error());
}

} // namespace

TEST(Config, readsEachConfigurationInTheOrderOfTheFile)
{
    Result<Config> config = parseConfig(two, "c.json");
    ASSERT_TRUE(config) << describe(config.error());
    EXPECT_EQ(config->timeout, std::chrono::seconds(5));
    ASSERT_EQ(config->configurations.size(), 2U);
    EXPECT_EQ(config->configurations[0].device, "/dev/nbd0");
    EXPECT_EQ(config->configurations[1].name, "1");
    EXPECT_FALSE(config->configurations[0].isDefault);
}

TEST(Config, printsMetadataOfAllAndNullWhereThereIsNone)
{
    EXPECT_EQ(metadataJson(*parseConfig(two, "c.json")),
              R"({"0": {"description":"a disk"}, "1": null})");
}

TEST(Config, aSingleConfigurationIsTheDefault)
{
    Result<Config> config = parseConfig(
        R"({"configurations": {"cd": {"nbd-device": "/dev/nbd4"}}})", "c.json");
    ASSERT_TRUE(config) << describe(config.error());
    EXPECT_EQ(config->timeout, std::chrono::seconds(30));
    EXPECT_EQ(selectConfiguration(*config, "")->name, "cd");
}

TEST(Config, theFlaggedOneIsTheDefault)
{
    Result<Config> config = parseConfig(
        R"({"configurations": {"a": {"nbd-device": "/dev/nbd0"},
            "b": {"nbd-device": "/dev/nbd1", "default": true}}})",
        "c.json");
    ASSERT_TRUE(config) << describe(config.error());
    EXPECT_EQ(selectConfiguration(*config, "")->name, "b");
    EXPECT_EQ(selectConfiguration(*config, "a")->name, "a");
}

TEST(Config, severalWithoutADefaultNeedAName)
{
    const Config config = *parseConfig(two, "c.json");
    EXPECT_EQ(describe(selectConfiguration(config, "").error()),
              "c.json: no configuration is the default and none was named; "
              "name one of '0', '1'");
}

TEST(Config, anUnknownNameListsTheKnownOnes)
{
    const Config config = *parseConfig(two, "c.json");
    EXPECT_EQ(describe(selectConfiguration(config, "9").error()),
              "c.json: no configuration '9'; known: '0', '1'");
}

TEST(Config, anErrorInTheJsonNamesLineAndColumn)
{
    EXPECT_EQ(errorOf("{\n  \"timeout\": x"),
              "c.json: not JSON at line 2, column 14: syntax error");
    EXPECT_EQ(errorOf("{\"timeout\": 3"),
              "c.json: the JSON text ends too early, at line 1, column 14; "
              "close what is open there: \" } or ]");
}

TEST(Config, eachWrongValueIsNamedWithItsKey)
{
    EXPECT_EQ(errorOf("[]"), "c.json: the whole is [], wanted "
                             R"({"configurations": {…}})");
    EXPECT_EQ(errorOf("{}"),
              R"(c.json: lacks configurations; add "configurations": )"
              R"({"0": {"nbd-device": "/dev/nbd0"}})");
    EXPECT_EQ(errorOf(R"({"timeout": "30", "configurations": {}})"),
              R"(c.json: timeout is "30", wanted 1 to 86400 (seconds))");
    EXPECT_EQ(errorOf(R"({"configurations": {}})"),
              R"(c.json: configurations is {}, wanted )"
              R"({"0": {"nbd-device": "/dev/nbd0"}})");
    EXPECT_EQ(errorOf(R"({"configurations": {"0": {}}})"),
              R"(c.json: configurations.0 lacks nbd-device; )"
              R"(add "nbd-device": "/dev/nbd0")");
    EXPECT_EQ(errorOf(R"({"configurations": {"0": {"nbd-device": 7}}})"),
              R"(c.json: configurations.0.nbd-device is 7, )"
              R"(wanted a path such as "/dev/nbd0")");
    EXPECT_EQ(errorOf(R"({"configurations": {"0":
                  {"nbd-device": "/dev/nbd0", "default": 1}}})"),
              "c.json: configurations.0.default is 1, wanted true or false");
}

TEST(Config, twoDefaultsAreRefused)
{
    EXPECT_EQ(errorOf(R"({"configurations": {
                  "a": {"nbd-device": "/dev/nbd0", "default": true},
                  "b": {"nbd-device": "/dev/nbd1", "default": true}}})"),
              R"(c.json: 'a' and 'b' are both the default; )"
              R"(keep "default": true in one of them)");
}

TEST(Config, aNameThatCouldLeaveItsDirectoryIsRefused)
{
    EXPECT_EQ(errorOf(R"({"configurations": {"../x": {}}})"),
              "c.json: the configuration name '../x' does not consist of 1 to "
              "32 letters, digits, . _ -; rename it; it may not begin with . "
              "or -");
}

TEST(Config, aMissingFileIsAUsageErrorThatNamesIt)
{
    Result<Config> config = loadConfig("/nonexistent/config.json");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, Errc::usage);
    EXPECT_EQ(describe(config.error()),
              "configuration /nonexistent/config.json: No such file or "
              "directory; create it, or name another one");
}

} // namespace vmedia::proxy
