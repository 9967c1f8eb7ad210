// SPDX-License-Identifier: Apache-2.0
#include "fixtures/authority.hpp"
#include "fixtures/temp_dir.hpp"
#include "policy.hpp"
#include "psk_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include <gtest/gtest.h>

namespace vmedia::tls
{

namespace fs = std::filesystem;

constexpr auto someKey = "00112233445566778899aabbccddeeff";

class PskFileTest : public testing::Test
{
  protected:
    Result<PskFile> load(std::string_view text)
    {
        fixtures::writePrivate(file, text);
        return PskFile::load(file);
    }
    std::string errorOf(std::string_view text)
    {
        const Result<PskFile> loaded = load(text);
        if (loaded)
        {
            return "none";
        }
        std::string line = describe(loaded.error());
        line.erase(0, file.string().size());
        return line;
    }

    fixtures::TempDir dir;
    fs::path file = dir.path() / "keys.psk";
};

constexpr auto wanted =
    "; wanted user:hexkey, as written by `psktool -u USER -p FILE`";

TEST_F(PskFileTest, givesTheKeyOfEachUser)
{
    const auto keys = load(fmt::format("{}{}", "alice:", someKey) +
                           "\n\nbob:FFEEDDCCBBAA99887766554433221100ab\n");
    ASSERT_TRUE(keys) << describe(keys.error());
    EXPECT_EQ(keys->size(), 2U);
    ASSERT_TRUE(keys->find("bob"));
    EXPECT_EQ(keys->find("bob")->size(), 17U);
    EXPECT_EQ(keys->find("bob")->front(), 0xff);
    EXPECT_EQ(keys->find("alice")->back(), 0xff);
    EXPECT_FALSE(keys->find("alic"));
    EXPECT_FALSE(keys->find("alicf"));
    EXPECT_FALSE(keys->find(""));
    EXPECT_FALSE(keys->find(std::string_view("alice\0", 6)));
}

TEST_F(PskFileTest, takesHexNamesAsGnutlsDoes)
{
    const auto keys = load(fmt::format("{}{}", "#613a62:", someKey));
    ASSERT_TRUE(keys) << describe(keys.error());
    EXPECT_TRUE(keys->find("a:b"));
}

TEST_F(PskFileTest, refusesAFileThatOthersCanRead)
{
    for (const auto& [mode, text] :
         {std::pair{0644U, "0644"}, {0640U, "0640"}, {0602U, "0602"}})
    {
        fixtures::writePrivate(file, fmt::format("{}{}", "alice:", someKey));
        fs::permissions(file, fs::perms{mode});
        const auto loaded = PskFile::load(file);
        ASSERT_FALSE(loaded);
        EXPECT_EQ(loaded.error().code, Errc::usage);
        EXPECT_EQ(describe(loaded.error()),
                  file.string() + " has mode " + text +
                      ": others than its owner may use the keys in it; "
                      "chmod 600 " +
                      file.string());
    }
}

TEST_F(PskFileTest, namesTheLineAndNeverTheKey)
{
    const std::string good = fmt::format("{}{}{}", "alice:", someKey, "\n");
    EXPECT_EQ(errorOf(good + someKey + "\n"),
              fmt::format("{}{}", ":2: no colon between user and key", wanted));
    EXPECT_EQ(errorOf(fmt::format("{}{}", ":", someKey)),
              fmt::format("{}{}", ":1: no user before the colon", wanted));
    EXPECT_EQ(errorOf(good + "\nbob:" + someKey + "0\n"),
              fmt::format("{}{}",
                          ":3: the key is not an even number of hex digits",
                          wanted));
    EXPECT_EQ(errorOf("bob:zz112233445566778899aabbccddeeff\n"),
              fmt::format("{}{}",
                          ":1: the key is not an even number of hex digits",
                          wanted));
    EXPECT_EQ(
        errorOf("bob:0011\n"),
        fmt::format("{}{}", ":1: the key has 2 bytes, not 16 to 256", wanted));
    EXPECT_EQ(errorOf(good + good),
              ":2: user 'alice' has a key already; keep one line for each "
              "user");
}

TEST_F(PskFileTest, refusesWhatIsNoFileOrHasNoUser)
{
    EXPECT_EQ(errorOf("\n"),
              " has no user; psktool -u USER -p " + file.string());
    EXPECT_EQ(describe(PskFile::load(dir.path() / "none").error()),
              (dir.path() / "none").string() + ": No such file or directory");
    EXPECT_EQ(describe(PskFile::load(dir.path()).error()),
              dir.path().string() + " is not a regular file");
}

TEST(Secret, movesWithoutLeavingACopy)
{
    Secret secret(32);
    std::ranges::fill(secret.bytes(), static_cast<unsigned char>(0x5a));
    const unsigned char* bytes = secret.bytes().data();
    Secret moved(std::move(secret));
    EXPECT_EQ(moved.bytes().data(), bytes);
    const Secret copied = moved.copy();
    moved = Secret();
    EXPECT_TRUE(moved.bytes().empty());
    EXPECT_EQ(copied.bytes()[31], 0x5a);
}

TEST(Mode, isReadAsItIsPrinted)
{
    for (const Mode mode : {Mode::off, Mode::on, Mode::require})
    {
        EXPECT_EQ(parseMode(toString(mode)), mode);
    }
    EXPECT_EQ(describe(parseMode("yes").error()),
              "--tls=yes is not a mode; use off, on or require");
}

} // namespace vmedia::tls
