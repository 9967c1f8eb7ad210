// SPDX-License-Identifier: Apache-2.0
#include "oracle.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <thread>

namespace vmedia::exports
{

namespace
{

bool allZero(std::span<const std::byte> bytes)
{
    return std::ranges::all_of(bytes,
                               [](std::byte b) { return b == std::byte{0}; });
}

void expectEqual(std::span<const std::byte> got,
                 std::span<const std::byte> wanted, uint64_t offset)
{
    const auto [at, other] = std::ranges::mismatch(got, wanted);
    EXPECT_TRUE(at == got.end() && other == wanted.end())
        << "first difference at "
        << offset + static_cast<uint64_t>(at - got.begin());
}

void zeroBoth(Export& tested, std::span<std::byte> part, uint64_t offset,
              Random& random)
{
    const Zeroing how{.mayPunch = random() % 2 == 0,
                      .fastOnly = random() % 2 == 0};
    const int error = tested.zero(offset, part.size(), how);
    if (error == 0)
    {
        std::ranges::fill(part, std::byte{0});
        return;
    }
    EXPECT_TRUE(how.fastOnly && error == ENOTSUP)
        << "zero gives " << error << ", fastOnly " << how.fastOnly;
}

} // namespace

uint64_t testSeed()
{
    const char* given = std::getenv("VMEDIA_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261120;
}

Bytes noise(size_t size, Random& random)
{
    Bytes bytes(size);
    std::ranges::generate(
        bytes, [&] { return static_cast<std::byte>(1 + random() % 255); });
    return bytes;
}

Bytes contentOf(Export& tested)
{
    Bytes all(tested.size());
    EXPECT_EQ(tested.read(all, 0), 0);
    return all;
}

TempDir::TempDir(const std::string& parent)
{
    std::string name = (std::filesystem::path(parent) / "exports-XXXXXX");
    if (::mkdtemp(name.data()) == nullptr)
    {
        throw std::filesystem::filesystem_error(
            name, std::error_code(errno, std::generic_category()));
    }
    path = name;
}

TempDir::~TempDir()
{
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

std::string TempDir::file(const std::string& name) const
{
    return path / name;
}

std::string TempDir::write(const std::string& name, const Bytes& content) const
{
    std::ofstream out(path / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(content.data()),
              static_cast<std::streamsize>(content.size()));
    EXPECT_TRUE(out.flush()) << path / name;
    return path / name;
}

Bytes readFile(const std::string& path)
{
    Bytes content(std::filesystem::file_size(path));
    std::ifstream in(path, std::ios::binary);
    in.read(reinterpret_cast<char*>(content.data()),
            static_cast<std::streamsize>(content.size()));
    EXPECT_TRUE(in) << path;
    return content;
}

uint64_t storageOf(const std::string& path)
{
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return static_cast<uint64_t>(status.st_blocks) * 512;
}

void expectTrueExtents(Export& tested, const Bytes& oracle, uint64_t offset,
                       uint64_t length, size_t most)
{
    std::vector<Extent> found;
    ASSERT_EQ(tested.extents(offset, length, most, found), 0);
    ASSERT_GE(found.size(), 1U);
    ASSERT_LE(found.size(), most);
    uint64_t at = offset;
    for (size_t i = 0; i < found.size(); ++i)
    {
        const auto& [size, hole, zero] = found[i];
        ASSERT_GT(size, 0U);
        ASSERT_LE(at + size, offset + length);
        EXPECT_TRUE(i == 0 || hole != found[i - 1].hole ||
                    zero != found[i - 1].zero)
            << "extent " << i << " is like the one before it";
        EXPECT_TRUE(!zero || allZero(std::span(oracle).subspan(at, size)))
            << "data in [" << at << ", " << at + size << "), called zero";
        at += size;
    }
    EXPECT_TRUE(at == offset + length || found.size() == most)
        << "tells of " << at - offset << " bytes of " << length;
}

void runAgainst(Export& tested, Bytes& oracle, uint64_t from, uint64_t to,
                int steps, uint64_t seed)
{
    Random random(seed);
    Bytes buffer;
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step)
    {
        SCOPED_TRACE(fmt::format("VMEDIA_SEED={}, step {} of seed {}",
                                 testSeed(), step, seed));
        const uint64_t offset = from + random() % (to - from);
        // Mostly small, at times over several blocks.
        const uint64_t room = random() % 4 == 0 ? 400'000 : 20'000;
        const uint64_t length = 1 + random() % std::min(room, to - offset);
        const std::span<std::byte> part = std::span(oracle).subspan(offset,
                                                                    length);
        switch (random() % 6)
        {
            case 0:
            case 1:
                buffer = noise(length, random);
                ASSERT_EQ(tested.write(buffer, offset), 0);
                std::ranges::copy(buffer, part.begin());
                break;
            case 2:
                ASSERT_EQ(tested.trim(offset, length), 0);
                std::ranges::fill(part, std::byte{0});
                break;
            case 3:
                zeroBoth(tested, part, offset, random);
                break;
            case 4:
                expectTrueExtents(tested, oracle, offset, length,
                                  1 + random() % 5);
                break;
            default:
                buffer.resize(length);
                ASSERT_EQ(tested.read(buffer, offset), 0);
                expectEqual(buffer, part, offset);
                break;
        }
    }
}

void runAgainst(Export& tested, Bytes oracle, int steps)
{
    ASSERT_EQ(tested.size(), oracle.size());
    runAgainst(tested, oracle, 0, oracle.size(), steps, testSeed());
    expectEqual(contentOf(tested), oracle, 0);
    expectTrueExtents(tested, oracle, 0, oracle.size(), oracle.size());
}

void runThreadsAgainst(Export& tested, const Bytes& oracle, int steps)
{
    constexpr uint64_t threadCount = 4;
    const uint64_t slice = tested.size() / threadCount;
    std::vector<Bytes> oracles(threadCount, oracle);
    std::vector<std::jthread> threads;
    for (uint64_t i = 0; i < threadCount; ++i)
    {
        threads.emplace_back([&, i] {
            const uint64_t end = i + 1 == threadCount ? tested.size()
                                                      : (i + 1) * slice;
            runAgainst(tested, oracles[i], i * slice, end, steps,
                       testSeed() + i);
        });
    }
    threads.clear(); // joins
    const Bytes all = contentOf(tested);
    for (uint64_t i = 0; i < threadCount; ++i)
    {
        expectEqual(std::span(all).subspan(i * slice, slice),
                    std::span(oracles[i]).subspan(i * slice, slice), i * slice);
    }
}

} // namespace vmedia::exports
