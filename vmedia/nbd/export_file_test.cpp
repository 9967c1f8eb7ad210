// SPDX-License-Identifier: Apache-2.0
#include "export_file.hpp"

#include <gtest/gtest.h>

namespace vmedia::nbd
{

namespace
{

std::string refusal(std::string_view text)
{
    const auto read = parseExportFile(text, "e.toml");
    return read ? "accepted" : describe(read.error());
}

} // namespace

TEST(ExportFile, readsWhatTheCommandLineWouldSay)
{
    const auto read = parseExportFile(R"(
default = "b"
[[export]]
name = "a"
serve = ["file", "disk.img"]
description = "the disk"
readonly = true
tls-only = true
[[export]]
name = "b"
serve = ["overlay", "memory", "1M"])",
                                      "e.toml");
    ASSERT_TRUE(read) << describe(read.error());
    ASSERT_EQ(read->size(), 2U);
    const ExportWish& a = read->front();
    EXPECT_EQ(a.name, "a");
    EXPECT_EQ(a.plugin, "file");
    EXPECT_EQ(a.parameters, std::vector<std::string>{"disk.img"});
    EXPECT_EQ(a.description, "the disk");
    EXPECT_TRUE(a.readOnly && a.tlsOnly && !a.byDefault);
    EXPECT_EQ(a.place, "e.toml:5");
    const ExportWish& b = read->back();
    EXPECT_EQ(b.plugin, "overlay");
    EXPECT_EQ(b.parameters, (std::vector<std::string>{"memory", "1M"}));
    EXPECT_TRUE(!b.readOnly && !b.tlsOnly && b.byDefault);
}

TEST(ExportFile, eachMistakeNamesLineKeyValueAndRemedy)
{
    const std::string good = "[[export]]\nname = 'a'\nserve = ['null', '1']\n";
    const auto with = [&good](std::string_view line) {
        return refusal(std::string(good).append(line));
    };
    EXPECT_EQ(refusal(good), "accepted");
    EXPECT_EQ(with("read-only = true"),
              "e.toml:4: read-only = true: there is no such key; use: name, "
              "serve, description, readonly, tls-only");
    EXPECT_EQ(refusal("exports = 3"),
              "e.toml:1: exports = 3: there is no such key; use: default and "
              "[[export]]");
    EXPECT_EQ(with("readonly = 'yes'"),
              "e.toml:4: readonly = 'yes' is no boolean; write true or false, "
              "without quotation marks");
    EXPECT_EQ(with("description = 7"),
              "e.toml:4: description = 7 is no string; put it in quotation "
              "marks");
    EXPECT_EQ(with(good),
              "e.toml:5: name = 'a' is the name of the export at e.toml:3, "
              "too; give each export a name of its own");
    EXPECT_EQ(refusal(std::string("default = 'b'\n").append(good)),
              "e.toml:1: default = 'b' is the name of no export here; use one "
              "of them, such as \"a\"");
    EXPECT_EQ(refusal(std::string("default = 'a'\n")
                          .append(good)
                          .append("[[export]]\nname = ''\nserve = ['null', "
                                  "'1']")),
              "e.toml:1: default = 'a' but another export is named \"\"; give "
              "that one another name, or leave default out");
    EXPECT_EQ(refusal("[[export]]\nserve = ['null', '1']"),
              "e.toml:1: this [[export]] has no name; write name = \"disk\" "
              "and serve = [\"file\", \"disk.img\"]");
    EXPECT_EQ(refusal("[[export]]\nname = 'a'\nserve = 'file disk.img'"),
              "e.toml:3: serve = 'file disk.img' is no list of words; write "
              "it as on the command line: serve = [\"file\", \"disk.img\"]");
    EXPECT_EQ(refusal("[export]\nname = 'a'"),
              "e.toml:1: export = { name = 'a' } is no list of tables; write "
              "[[export]], in two pairs of brackets");
    EXPECT_EQ(refusal(""),
              "e.toml: no export in it; write [[export]], name = \"...\" and "
              "serve = [\"file\", \"disk.img\"]");
}

TEST(ExportFile, whatIsNoTomlNamesItsLine)
{
    for (const char* text : {"\n[[export]]\n= 3", "\nname = 'a\n",
                             "\nname = '\xff'", "\na = 1\na = 2"})
    {
        const std::string said = refusal(text);
        EXPECT_TRUE(said.starts_with("e.toml:")) << said;
        EXPECT_EQ(said.find('\n'), said.npos) << said;
    }
}

TEST(ExportFile, aNameIsAStringOfTheProtocol)
{
    EXPECT_EQ(stringTrouble(std::string(4096, 'x')), "");
    EXPECT_EQ(stringTrouble(std::string(4097, 'x')),
              "has 4097 bytes; 4096 is the protocol's limit");
    EXPECT_EQ(stringTrouble("a\xff"), "is no UTF-8 at byte 1");
    EXPECT_NE(refusal("[[export]]\nname = \"a\\u0000\"")
                  .find("has a NUL in it; write at most 4096 bytes"),
              std::string::npos);
}

} // namespace vmedia::nbd
