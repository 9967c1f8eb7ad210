// SPDX-License-Identifier: Apache-2.0
#include "journal.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::service
{

namespace fs = std::filesystem;
using Do = Cleaning::What;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace
{

const Belongings everything{"ISO0",
                            "vmedia-ISO0",
                            "nbd0",
                            ProcessId{412, 9312},
                            ProcessId{400, 9300},
                            "/run/vm/ISO0.sock",
                            "/run/vm/ISO0",
                            "/run/vm/ISO0.secret"};

std::string errorOf(std::string_view text)
{
    const Result<Journal> journal = parseJournal(text, "j.json");
    return journal ? "no error" : describe(journal.error());
}

std::string contentOf(const fs::path& file)
{
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

class JournalFile : public testing::Test
{
  protected:
    void SetUp() override
    {
        std::string name = (fs::temp_directory_path() / "vm-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        directory = name;
        file = (directory / "journal.json").string();
    }

    void TearDown() override
    {
        fs::remove_all(directory);
    }

    std::vector<std::string> files() const
    {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(directory))
        {
            names.push_back(entry.path().filename().string());
        }
        return names;
    }

    fs::path directory;
    std::string file;
};

} // namespace

TEST(Journal, whatIsWrittenIsWhatTheHeaderShows)
{
    EXPECT_EQ(toJson({"b", {everything}}),
              R"({"boot":"b","mountPoints":{"ISO0":{"gadget":"vmedia-ISO0",)"
              R"("device":"nbd0","client":{"pid":412,"startTime":9312},)"
              R"("server":{"pid":400,"startTime":9300},)"
              R"("socket":"/run/vm/ISO0.sock","share":"/run/vm/ISO0",)"
              R"("secret":"/run/vm/ISO0.secret"}}})");
}

TEST(Journal, whatIsWrittenIsRead)
{
    const Journal journal{
        "b", {everything, {"1", "", "nbd1"}, {"2", "g", "", ProcessId{2, 0}}}};
    const Result<Journal> read = parseJournal(toJson(journal), "j.json");
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(*read, journal);
}

TEST(Journal, aMountPointsBelongingsAreReplacedAndTakenOut)
{
    Journal journal{"b", {}};
    journal.put({"ISO0", "", "nbd0"});
    journal.put({"1", "", "nbd1"});
    journal.put({"ISO0", "g", "nbd0"});
    EXPECT_THAT(journal.all, ElementsAre(Belongings{"ISO0", "g", "nbd0"},
                                         Belongings{"1", "", "nbd1"}));
    journal.put({"ISO0"});
    EXPECT_THAT(journal.all, ElementsAre(Belongings{"1", "", "nbd1"}));
    journal.put({"ISO0"});
    EXPECT_EQ(journal.all.size(), 1U);
}

TEST(Journal, cleaningIsTheReverseOfComing)
{
    const ProcessId client{412, 9312};
    const ProcessId server{400, 9300};
    EXPECT_THAT(
        cleaningOf({"b", {everything}}, "b"),
        ElementsAre(Cleaning{Do::removeGadget, "ISO0", "vmedia-ISO0"},
                    Cleaning{Do::disconnectDevice, "ISO0", "nbd0"},
                    Cleaning{Do::endProcess, "ISO0", "nbd-client", client},
                    Cleaning{Do::endProcess, "ISO0", "nbdkit", server},
                    Cleaning{Do::unmountShare, "ISO0", "/run/vm/ISO0"},
                    Cleaning{Do::removeFile, "ISO0", "/run/vm/ISO0.sock"},
                    Cleaning{Do::removeFile, "ISO0", "/run/vm/ISO0.secret"}));
    EXPECT_THAT(cleaningOf({"b", {}}, "b"), IsEmpty());
    EXPECT_THAT(cleaningOf({"b", {{"1", "", "nbd1"}}}, "b"),
                ElementsAre(Cleaning{Do::disconnectDevice, "1", "nbd1"}));
}

TEST(Journal, afterAnotherBootOnlyFilesAreLeft)
{
    EXPECT_THAT(
        cleaningOf({"b", {everything}}, "c"),
        ElementsAre(Cleaning{Do::removeFile, "ISO0", "/run/vm/ISO0.sock"},
                    Cleaning{Do::removeFile, "ISO0", "/run/vm/ISO0.secret"}));
}

TEST(Journal, aProcessIsToldByItsStartTimeWhateverItIsNamed)
{
    constexpr std::string_view fields =
        "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 9312 20 21";
    for (const char* name : {"nbd-client", "a b", ") S 1 (", ""})
    {
        const std::string stat = fmt::format("412 ({}) {}\n", name, fields);
        EXPECT_EQ(startTimeOf(stat), 9312U) << stat;
        EXPECT_TRUE(isSame({412, 9312}, stat));
        EXPECT_FALSE(isSame({412, 9313}, stat));
    }
    EXPECT_FALSE(startTimeOf(""));
    EXPECT_FALSE(startTimeOf("412 (x) S 1 2"));
    EXPECT_FALSE(startTimeOf("412 x S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 "
                             "17 18 9312 20"));
    EXPECT_FALSE(isSame({412, 0}, ""));
}

TEST(Journal, ourOwnStartTimeIsRead)
{
    const auto ticks = startTimeOf(contentOf("/proc/self/stat"));
    ASSERT_TRUE(ticks);
    const auto uptime = std::stod(contentOf("/proc/uptime"));
    const auto perSecond = static_cast<double>(::sysconf(_SC_CLK_TCK));
    EXPECT_GT(*ticks, 0U);
    EXPECT_LE(static_cast<double>(*ticks), (uptime + 1) * perSecond);
}

TEST(Journal, whatCouldHurtIsNotBelieved)
{
    const auto member = [](std::string_view text) {
        return errorOf(fmt::format(
            R"({{"boot": "b", "mountPoints": {{"S": {{{}}}}}}})", text));
    };
    EXPECT_EQ(member(R"("client": {"pid": 1, "startTime": 0})"),
              "j.json:1: mountPoints.S.client.pid is 1, wanted that of a "
              "process");
    for (const char* pid : {"0", "-1", "2147483648", "\"2\"", "2.5"})
    {
        EXPECT_THAT(member(fmt::format(
                        R"("server": {{"pid": {}, "startTime": 0}})", pid)),
                    HasSubstr("wanted that of a process"));
    }
    EXPECT_THAT(member(R"("client": {"pid": 2})"),
                HasSubstr("mountPoints.S.client.startTime is missing"));
    for (const char* path : {"/", "", "x", "/run/../etc/passwd", "/run/", "/.",
                             "//run/x", "/run/\\u0000x"})
    {
        EXPECT_THAT(member(fmt::format(R"("secret": "{}")", path)),
                    HasSubstr("wanted an absolute, plain path"));
    }
    for (const char* gadget : {"..", "a/b", "", ".x"})
    {
        EXPECT_THAT(member(fmt::format(R"("gadget": "{}")", gadget)),
                    HasSubstr("wanted a directory's name"));
    }
    EXPECT_THAT(member(R"("device": "sda")"), HasSubstr("wanted \"nbdN\""));
    EXPECT_THAT(member(R"("device": "/dev/nbd0")"),
                HasSubstr("wanted \"nbdN\""));
    EXPECT_THAT(member(R"("devices": "nbd0")"), HasSubstr("no such key"));
    EXPECT_THAT(errorOf("{}"), HasSubstr("boot is missing"));
    EXPECT_THAT(errorOf(R"({"boot": 1, "mountPoints": {}})"),
                HasSubstr("boot is 1, wanted a boot_id"));
    EXPECT_THAT(errorOf("[]"), HasSubstr("the whole is […]"));
}

TEST_F(JournalFile, isWrittenInOneStepForItsOwnerOnly)
{
    std::ofstream(file + ".new") << "of one that died";
    ASSERT_TRUE(saveJournal(file, {"b", {everything}}));
    struct stat about{};
    ASSERT_EQ(::stat(file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0600U);
    EXPECT_THAT(files(), ElementsAre("journal.json"));
    ASSERT_TRUE(saveJournal(file, {"b", {{"1", "", "nbd1"}}}));
    const LoadedJournal loaded = loadJournal(file);
    EXPECT_FALSE(loaded.trouble);
    EXPECT_EQ(loaded.journal, (Journal{"b", {{"1", "", "nbd1"}}}));
}

TEST_F(JournalFile, isNotThereWhenThereIsNothingToCleanUp)
{
    ASSERT_TRUE(saveJournal(file, {"b", {everything}}));
    ASSERT_TRUE(saveJournal(file, {"b", {}}));
    EXPECT_THAT(files(), IsEmpty());
    ASSERT_TRUE(saveJournal(file, {"b", {}}));
    const LoadedJournal loaded = loadJournal(file);
    EXPECT_FALSE(loaded.trouble);
    EXPECT_EQ(loaded.journal, Journal{});
}

TEST_F(JournalFile, aCorruptOneIsToldInOneLineAndKeptAside)
{
    for (const std::string& text :
         {std::string("{\"boot\":"), std::string("{}"), std::string("\0\n", 2),
          std::string((1 << 18) + 1, ' ')})
    {
        std::ofstream(file, std::ios::binary) << text;
        const LoadedJournal loaded = loadJournal(file);
        EXPECT_EQ(loaded.journal, Journal{});
        ASSERT_TRUE(loaded.trouble);
        const std::string line = describe(*loaded.trouble);
        EXPECT_THAT(line, HasSubstr(fmt::format(
                              "; it is kept as {}.corrupt; what an earlier "
                              "vmediad left may be there still",
                              file)));
        EXPECT_EQ(line.find('\n'), line.npos);
        EXPECT_THAT(files(), ElementsAre("journal.json.corrupt"));
        EXPECT_EQ(contentOf(file + ".corrupt"), text);
    }
}

TEST_F(JournalFile, whatCannotBeReadOrWrittenIsNamed)
{
    fs::create_directory(file);
    const LoadedJournal loaded = loadJournal(file);
    ASSERT_TRUE(loaded.trouble);
    EXPECT_EQ(describe(*loaded.trouble),
              fmt::format("journal {}: Is a directory; what an earlier vmediad "
                          "left may be there still",
                          file));
    const Result<void> saved = saveJournal(file, {"b", {everything}});
    ASSERT_FALSE(saved);
    EXPECT_EQ(describe(saved.error()),
              fmt::format("renaming: Is a directory (journal {}.new)", file));
    EXPECT_THAT(files(), ElementsAre("journal.json")) << "nothing is left";
    EXPECT_THAT(
        describe(saveJournal("/nonexistent/j", {"b", {everything}}).error()),
        "journal /nonexistent/j.new: No such file or directory");
}

} // namespace vmedia::service
