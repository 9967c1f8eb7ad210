// SPDX-License-Identifier: Apache-2.0
#include "open.hpp"
#include "oracle.hpp"

namespace vmedia::exports
{

namespace
{

std::string errorOf(std::string_view plugin,
                    const std::vector<std::string>& parameters)
{
    const auto opened = openExport(plugin, parameters, Access::readWrite);
    return opened ? "it opened" : describe(opened.error());
}

} // namespace

TEST(Open, takesAParameterBareOrAfterItsKey)
{
    for (const char* plugin : {"memory", "pattern", "null"})
    {
        for (const char* size : {"64K", "size=64K"})
        {
            const auto opened = openExport(plugin, {size}, Access::readOnly);
            ASSERT_TRUE(opened) << plugin << ' ' << size;
            EXPECT_EQ((*opened)->size(), 65536U);
            EXPECT_FALSE((*opened)->abilities().write);
        }
    }
    EXPECT_TRUE(openExport("file", {"file=/proc/self/exe"}, Access::readOnly));
}

TEST(Open, anOverlayIsWritableOverWhatIsNot)
{
    const TempDir dir;
    const std::string path = dir.write("disk.img", Bytes(1000, std::byte{1}));
    auto opened = openExport("overlay", {"file", path}, Access::readWrite);
    ASSERT_TRUE(opened);
    EXPECT_TRUE((*opened)->abilities().write);
    EXPECT_EQ((*opened)->write(Bytes(1000, std::byte{2}), 0), 0);
    EXPECT_EQ(readFile(path), Bytes(1000, std::byte{1}));
}

// The texts of the first two plugins are those that vmedia-nbd always had.
TEST(Open, badInputIsOneLineThatTellsWhatToDo)
{
    EXPECT_EQ(
        errorOf("floppy", {"a"}),
        "there is no plugin 'floppy'; use: file PATH, memory|pattern|null SIZE, overlay PLUGIN PARAMETER, or forward URI");
    EXPECT_EQ(
        errorOf("", {}),
        "nothing to serve was named; use: file PATH, memory|pattern|null SIZE, overlay PLUGIN PARAMETER, or forward URI");
    EXPECT_EQ(errorOf("memory", {}),
              "memory takes one parameter, 0 were given; "
              "write: memory size=...");
    EXPECT_EQ(errorOf("memory", {"12Q"}),
              "'12Q' is not a size; write bytes, or a number and K, M, G or "
              "T: 512, 64M, 1G");
    EXPECT_EQ(errorOf("file", {"/tmp"}),
              "/tmp: is a directory; give an image file or a block device");
    EXPECT_EQ(errorOf("overlay", {}),
              "overlay does not name what is below it; write: overlay PLUGIN "
              "PARAMETER, as in: overlay file disk.img");
    EXPECT_EQ(errorOf("overlay", {"memory", "1", "2"}),
              "memory takes one parameter, 2 were given (below overlay); "
              "write: memory size=...");
}

} // namespace vmedia::exports
