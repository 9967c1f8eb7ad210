// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::service
{

using testing::ElementsAre;
using testing::HasSubstr;

namespace
{

/// The example of OpenBMC's design, in the braces that it leaves out.
constexpr std::string_view designExample = R"({
"InactivityTimeout": 1800, # Timeout of inactivity on device in seconds
"MountPoints": {
  "ISO0": {
    "EndpointId": "/nbd/0", # bmcweb endpoint (URL), "quoted"
    "Mode": 0, # 0 - Proxy Mode, 1 - Legacy Mode
    "NBDDevice": "/dev/nbd0", // usually matches EndpointId
    "UnixSocket": "/tmp/nbd.sock#1", # which Unix socket will be occupied
    "Timeout": 30, # timeout in seconds passed to nbdclient
    "BlockSize": 512, # Block size passed to nbdclient
  }
},
})";

std::vector<std::string> mistakesOf(std::string_view text)
{
    const auto config = parseConfig(text, "vm.json");
    std::vector<std::string> lines;
    if (!config)
    {
        for (const Error& error : config.error())
        {
            lines.push_back(describe(error));
            EXPECT_EQ(error.code, Errc::usage);
        }
    }
    return lines;
}

/// A mount point that is right, with @p member in it as well.
std::string with(std::string_view member)
{
    return fmt::format(R"({{"MountPoints": {{"S": {{"Mode": 1, )"
                       R"("NBDDevice": "nbd0",
{}}}}}}})",
                       member);
}

MountPoint first(std::string_view text)
{
    const auto config = parseConfig(text, "vm.json");
    EXPECT_TRUE(config) << describe(config.error()[0]);
    return config ? config->mountPoints.at(0) : MountPoint{};
}

} // namespace

TEST(Config, readsTheExampleOfTheDesign)
{
    const auto config = parseConfig(designExample, "vm.json");
    ASSERT_TRUE(config) << describe(config.error()[0]);
    EXPECT_EQ(config->inactivityTimeout.count(), 1800);
    ASSERT_EQ(config->mountPoints.size(), 1U);
    const MountPoint& point = config->mountPoints[0];
    EXPECT_EQ(point.name, "ISO0");
    EXPECT_EQ(point.endpointId, "/nbd/0");
    EXPECT_EQ(point.mode, Mode::proxy);
    EXPECT_EQ(point.device, "nbd0");
    EXPECT_EQ(point.unixSocket, "/tmp/nbd.sock#1") << "no comment in a string";
    EXPECT_EQ(point.timeout.count(), 30);
    EXPECT_EQ(point.blockSize, 512);
    EXPECT_EQ(devicePath(*config, point), "/dev/nbd0");
}

TEST(Config, whatIsLeftOutHasTheDefaultOfItsMode)
{
    const auto config = parseConfig(
        R"({"MountPoints": {
            "0": {"Mode": 0, "NBDDevice": "nbd0", "EndpointId": "/nbd/0"},
            "1": {"Mode": 1, "NBDDevice": "nbd15"}},
            "Roots": {"RunDirectory": "/run/x"}})",
        "vm.json");
    ASSERT_TRUE(config) << describe(config.error()[0]);
    EXPECT_EQ(config->inactivityTimeout.count(), 1800);
    EXPECT_EQ(config->caFile, "/etc/ssl/certs/ca-certificates.crt");
    const MountPoint& proxy = config->mountPoints.at(0);
    EXPECT_EQ(proxy.timeout.count(), 30);
    EXPECT_TRUE(proxy.readOnly);
    EXPECT_EQ(proxy.unixSocket, "/run/x/0.sock");
    EXPECT_EQ(proxy.blockSize, 512);
    EXPECT_EQ(proxy.mediaType, MediaType::automatic);
    const MountPoint& legacy = config->mountPoints.at(1);
    EXPECT_EQ(legacy.timeout.count(), 90);
    EXPECT_FALSE(legacy.readOnly);
    EXPECT_EQ(legacy.device, "nbd15");
    EXPECT_EQ(legacy.endpointId, "");
}

TEST(Config, eachRootAndProgramCanBeReplaced)
{
    const auto config = parseConfig(
        R"({"MountPoints": {"1": {"Mode": 1, "NBDDevice": "nbd1"}},
            "CAFile": "/t/ca.pem",
            "Roots": {"Configfs": "/t/configfs", "UDCClass": "/t/udc",
                      "Devices": "/t/dev", "Sysfs": "/t/sys",
                      "RunDirectory": "/t/run"},
            "Programs": {"NbdClient": "/t/nbd-client", "Nbdkit": "kit",
                         "MountCifs": "./mount.cifs"}})",
        "vm.json");
    ASSERT_TRUE(config) << describe(config.error()[0]);
    EXPECT_EQ(config->caFile, "/t/ca.pem");
    EXPECT_EQ(config->roots.configfs, "/t/configfs");
    EXPECT_EQ(config->roots.udcClass, "/t/udc");
    EXPECT_EQ(config->roots.sysfs, "/t/sys");
    EXPECT_EQ(config->roots.runDirectory, "/t/run");
    EXPECT_EQ(devicePath(*config, config->mountPoints[0]), "/t/dev/nbd1");
    EXPECT_EQ(config->programs.nbdClient, "/t/nbd-client");
    EXPECT_EQ(config->programs.nbdkit, "kit");
    EXPECT_EQ(config->programs.mountCifs, "./mount.cifs");
}

TEST(Config, valuesInTheirBoundsAreTaken)
{
    EXPECT_EQ(first(with(R"("Timeout": 1)")).timeout.count(), 1);
    EXPECT_EQ(first(with(R"("Timeout": 65535)")).timeout.count(), 65535);
    for (const int size : {512, 1024, 2048, 4096})
    {
        EXPECT_EQ(
            first(with(fmt::format(R"("BlockSize": {})", size))).blockSize,
            size);
    }
    EXPECT_TRUE(first(with(R"("Readonly": true)")).readOnly);
    EXPECT_EQ(first(with(R"("MediaType": "cdrom")")).mediaType,
              MediaType::cdrom);
    EXPECT_EQ(first(with(R"("MediaType": "disk")")).mediaType, MediaType::disk);
    EXPECT_EQ(first(with(R"("MediaType": "auto")")).mediaType,
              MediaType::automatic);
    const std::string longest = "/" + std::string(106, 's');
    EXPECT_EQ(
        first(with(fmt::format(R"("UnixSocket": "{}")", longest))).unixSocket,
        longest);
}

TEST(Config, eachWrongValueIsToldWithLineKeyValueAndWish)
{
    const auto expect = [](std::string_view member, std::string_view text) {
        EXPECT_THAT(
            mistakesOf(with(member)),
            ElementsAre(fmt::format("vm.json:2: MountPoints.S.{}", text)));
    };
    expect(R"("Timeout": 0)", "Timeout is 0, wanted 1 to 65535 (seconds)");
    expect(R"("Timeout": 65536)",
           "Timeout is 65536, wanted 1 to 65535 (seconds)");
    expect(R"("Timeout": "30")",
           R"(Timeout is "30", wanted 1 to 65535 (seconds))");
    expect(R"("Timeout": 1.5)",
           "Timeout is 1.5E0, wanted 1 to 65535 (seconds)");
    expect(R"("Timeout": 18446744073709551615)",
           "Timeout is 18446744073709551615, wanted 1 to 65535 (seconds)");
    expect(R"("Timeout": [1])", "Timeout is […], wanted 1 to 65535 (seconds)");
    expect(R"("Timeout": {})", "Timeout is {}, wanted 1 to 65535 (seconds)");
    expect(R"("BlockSize": 513)",
           "BlockSize is 513, wanted 512, 1024, 2048 or 4096 (bytes)");
    expect(R"("Readonly": 1)", "Readonly is 1, wanted true or false");
    expect(R"("MediaType": "CD")",
           R"(MediaType is "CD", wanted "auto", "cdrom" or "disk")");
    expect(R"("MediaType": null)",
           R"(MediaType is null, wanted "auto", "cdrom" or "disk")");
    expect(R"("MediaType": "äääääääääääääääääääääääääää")",
           R"(MediaType is "ääääääääääääääääää..., wanted "auto", "cdrom" or )"
           R"("disk")");
    expect(R"("UnixSocket": "nbd.sock")",
           R"(UnixSocket is "nbd.sock", wanted a path that begins with / and )"
           R"(has at most 107 bytes (it has 8))");
    expect(R"("EndpointId": 0)",
           R"(EndpointId is 0, wanted the path of a URL, such as "/nbd/0", )"
           R"(of at most 255 bytes)");
}

TEST(Config, aSocketPathIsNoLongerThanTheKernelTakes)
{
    EXPECT_THAT(mistakesOf(with(fmt::format(R"("UnixSocket": "/{}")",
                                            std::string(107, 's')))),
                ElementsAre(HasSubstr("has at most 107 bytes (it has 108)")));
    EXPECT_THAT(
        mistakesOf(fmt::format(R"({{"Roots": {{"RunDirectory": "/{}"}},
"MountPoints": {{"S": {{"Mode": 1, "NBDDevice": "nbd0"}}}}}})",
                               std::string(101, 'r'))),
        ElementsAre(HasSubstr("vm.json:2: MountPoints.S.UnixSocket is /rrr")));
}

TEST(Config, aDeviceIsAnNBDDevice)
{
    for (const char* name :
         {"sda", "/dev/sda", "nbd", "nbd00", "nbd01", "/dev/nbd0p1",
          "/run/nbd0", "nbd10000", "nbd-1", "../nbd0", ""})
    {
        EXPECT_THAT(
            mistakesOf(fmt::format(
                R"({{"MountPoints": {{"S": {{"Mode": 1, "NBDDevice": "{}"}}}}}})",
                name)),
            ElementsAre(fmt::format(
                R"(vm.json:1: MountPoints.S.NBDDevice is "{}", wanted )"
                R"("/dev/nbdN" or "nbdN", N from 0 to 9999)",
                name)));
    }
}

TEST(Config, aNameIsAnElementOfAnObjectPath)
{
    for (const char* name : {"a-b", "", "a/b", "a.b", "ä", "a b",
                             "n23456789012345678901234567890123"})
    {
        EXPECT_THAT(
            mistakesOf(fmt::format(
                "{{\"MountPoints\": {{\n\"{}\": {{\"Mode\": 1, "
                "\"NBDDevice\": \"nbd0\", \"UnixSocket\": \"/s\"}}}}}}",
                name)),
            ElementsAre(fmt::format(
                "vm.json:2: MountPoints.{0}: the name is '{0}', wanted 1 to 32 "
                "of A-Z a-z 0-9 _; it becomes the last element of a D-Bus "
                "object path",
                name)));
    }
}

TEST(Config, whatIsNeededIsAskedForAtItsMountPoint)
{
    EXPECT_THAT(mistakesOf("{\"MountPoints\": {\n\"S\": {}}}"),
                ElementsAre("vm.json:2: MountPoints.S.Mode is missing; add "
                            "\"Mode\": 0 (proxy) or 1 (legacy)",
                            "vm.json:2: MountPoints.S.NBDDevice is missing; "
                            "add \"NBDDevice\": \"/dev/nbd0\""));
    EXPECT_THAT(mistakesOf(R"({"MountPoints": {"S":
{"Mode": 0, "NBDDevice": "nbd0"}}})"),
                ElementsAre("vm.json:2: MountPoints.S.EndpointId is missing; "
                            "add \"EndpointId\": \"/nbd/0\""));
    EXPECT_THAT(mistakesOf("{}"),
                ElementsAre(HasSubstr("vm.json:1: there is no MountPoints; add "
                                      "\"MountPoints\": {\"ISO0\"")));
    EXPECT_THAT(mistakesOf(R"({"MountPoints": {}})"),
                ElementsAre(HasSubstr("MountPoints is {}, wanted")));
    EXPECT_THAT(mistakesOf("[1, {\"a\": 2}]"),
                ElementsAre(HasSubstr("vm.json:1: the whole is […], wanted")));
}

TEST(Config, twoMountPointsShareNothing)
{
    EXPECT_THAT(
        mistakesOf(R"({"MountPoints": {
"A": {"Mode": 0, "NBDDevice": "/dev/nbd3", "EndpointId": "/nbd/0",
      "UnixSocket": "/run/x.sock"},
"B": {"Mode": 0, "NBDDevice": "nbd3",
      "EndpointId": "/nbd/0",
      "UnixSocket": "/run/./x.sock"}}})"),
        ElementsAre("vm.json:4: MountPoints.B.NBDDevice is nbd3, but "
                    "MountPoints.A.NBDDevice is, too, at line 2; give each "
                    "mount point its own",
                    "vm.json:5: MountPoints.B.EndpointId is /nbd/0, but "
                    "MountPoints.A.EndpointId is, too, at line 2; give each "
                    "mount point its own",
                    "vm.json:6: MountPoints.B.UnixSocket is /run/x.sock, but "
                    "MountPoints.A.UnixSocket is, too, at line 3; give each "
                    "mount point its own"));
}

TEST(Config, aKeyThatIsNotKnownIsAMistakeAndItsSpellingIsTold)
{
    EXPECT_THAT(mistakesOf(with(R"("ReadOnly": true)")),
                ElementsAre("vm.json:2: MountPoints.S.ReadOnly is true, but "
                            "there is no such key; write Readonly"));
    EXPECT_THAT(mistakesOf(with(R"("Speed": {"a": 1})")),
                ElementsAre("vm.json:2: MountPoints.S.Speed is {…}, but there "
                            "is no such key; known: EndpointId, Mode, "
                            "NBDDevice, UnixSocket, Timeout, BlockSize, "
                            "Readonly, MediaType"));
}

TEST(Config, aKeyThatComesTwiceIsAMistake)
{
    EXPECT_THAT(mistakesOf(with("\"Timeout\": 5,\n\"Timeout\": 6")),
                ElementsAre("vm.json:3: MountPoints.S.Timeout is 6, but it "
                            "stands at line 2 already, as 5; keep one of "
                            "them"));
}

TEST(Config, allMistakesAreToldInTheOrderOfTheirLines)
{
    EXPECT_THAT(mistakesOf(R"({
"MountPoints": {"S": {
    "Mode": 2,
    "NBDDevice": "nbd0",
    "EndpointId": "/nbd/0",
    "Timeout": -1}},
"InactivityTimeout": 0,
"Programs": {"Nbdkit": ""},
"Roots": 7
})"),
                ElementsAre("vm.json:3: MountPoints.S.Mode is 2, wanted 0 "
                            "(proxy) or 1 (legacy)",
                            "vm.json:6: MountPoints.S.Timeout is -1, wanted 1 "
                            "to 65535 (seconds)",
                            "vm.json:7: InactivityTimeout is 0, wanted 1 to "
                            "65535 (seconds)",
                            "vm.json:8: Programs.Nbdkit is \"\", wanted a "
                            "program's name or path",
                            "vm.json:9: Roots is 7, wanted {\"Devices\": "
                            "\"/dev\"}"));
}

TEST(Config, manyMistakesAreCounted)
{
    std::string text = "{";
    for (int i = 0; i < 60; ++i)
    {
        text += fmt::format("\"k{}\": 1,\n", i);
    }
    const auto lines = mistakesOf(text + "}");
    ASSERT_EQ(lines.size(), 50U);
    EXPECT_EQ(lines.back(), "vm.json: and 12 more mistakes");
}

TEST(Config, whatIsNoJSONIsToldWithLineAndColumn)
{
    EXPECT_THAT(mistakesOf("{\n  \"Timeout\": x"),
                ElementsAre("vm.json:2: not JSON at column 14: syntax error"));
    EXPECT_THAT(mistakesOf("{\n\"a\": 1 # }\n"),
                ElementsAre("vm.json:2: the JSON text ends too early; close "
                            "what is open there: } or ]"));
    EXPECT_THAT(mistakesOf(""),
                ElementsAre(HasSubstr("vm.json:1: the JSON text ends too")));
    EXPECT_THAT(mistakesOf("{}\n{}"),
                ElementsAre(HasSubstr("vm.json:2: there is more after the end "
                                      "of the JSON text, at column 1")));
    EXPECT_THAT(mistakesOf("{\"a\": \"b\nc\"}"),
                ElementsAre(HasSubstr("vm.json:1: not JSON at column")));
    EXPECT_THAT(mistakesOf(std::string(100, '[')),
                ElementsAre(HasSubstr("vm.json:1: not JSON at column 33")));
}

TEST(Config, aMissingFileIsNamed)
{
    const auto config = loadConfig("/nonexistent/vm.json");
    ASSERT_FALSE(config);
    ASSERT_EQ(config.error().size(), 1U);
    EXPECT_EQ(describe(config.error()[0]),
              "configuration /nonexistent/vm.json: No such file or directory; "
              "create it, or name another one");
    EXPECT_EQ(config.error()[0].code, Errc::usage);
}

TEST(Config, aFileIsRead)
{
    const std::string file = fmt::format("{}/vm-{}.json", testing::TempDir(),
                                         ::getpid());
    std::ofstream(file) << designExample;
    const auto config = loadConfig(file);
    ASSERT_TRUE(config) << describe(config.error()[0]);
    EXPECT_EQ(config->mountPoints.at(0).name, "ISO0");

    std::ofstream(file) << std::string((1 << 20) + 1, ' ');
    const auto large = loadConfig(file);
    ASSERT_FALSE(large);
    EXPECT_EQ(describe(large.error()[0]),
              fmt::format("{}: is larger than 1 MiB; name a configuration of "
                          "vmediad",
                          file));
    std::filesystem::remove(file);
}

TEST(Config, aDirectoryIsNoFile)
{
    const auto config = loadConfig("/");
    ASSERT_FALSE(config);
    EXPECT_EQ(describe(config.error()[0]),
              "configuration /: Is a directory; create it, or name another "
              "one");
}

} // namespace vmedia::service
