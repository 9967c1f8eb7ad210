// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

#include <filesystem>
#include <random>

#include <gtest/gtest.h>

/// For tests: an array in memory that tells what an export must hold.
namespace vmedia::exports
{

using Bytes = std::vector<std::byte>;
using Random = std::mt19937_64;

/// $VMEDIA_SEED, else a fixed one; a failure tells it by SCOPED_TRACE.
uint64_t testSeed();

/// Bytes that repeat nowhere; none of them is zero.
Bytes noise(size_t size, Random& random);

Bytes contentOf(Export& tested);

/// A directory that goes with the test.
class TempDir
{
  public:
    explicit TempDir(const std::string& parent = testing::TempDir());
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();

    std::string file(const std::string& name) const;
    /// Gives the path of a new file of these bytes.
    std::string write(const std::string& name, const Bytes& content) const;

  private:
    std::filesystem::path path;
};

Bytes readFile(const std::string& path);

/// Bytes on the disk, or in the page cache of a tmpfs.
uint64_t storageOf(const std::string& path);

/// The extents of a range obey the contract of Export::extents(), and what
/// they call zero is zero in @p oracle.
void expectTrueExtents(Export& tested, const Bytes& oracle, uint64_t offset,
                       uint64_t length, size_t most);

/// @p steps random reads, writes, trims, zeroes and extents within
/// [@p from, @p to), each compared with @p oracle, which follows along.
/// Trimmed bytes are zeroes for all our exports that trim.
void runAgainst(Export& tested, Bytes& oracle, uint64_t from, uint64_t to,
                int steps, uint64_t seed);

/// runAgainst() of the whole export, then all content and all extents.
void runAgainst(Export& tested, Bytes oracle, int steps);

/// runAgainst() by several threads, each in a slice of its own; slices meet
/// inside of blocks. Then all content.
void runThreadsAgainst(Export& tested, const Bytes& oracle, int steps);

} // namespace vmedia::exports
