// SPDX-License-Identifier: Apache-2.0
#include "image.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace bench
{

using vmedia::Result;

Image::Image(std::filesystem::path path, std::byte* map, uint64_t size,
             uint64_t seed) :
    file(std::move(path)), mapped(map), bytes(size), contentSeed(seed)
{}

Image::Image(Image&& other) noexcept :
    file(std::exchange(other.file, {})),
    mapped(std::exchange(other.mapped, nullptr)), bytes(other.bytes),
    contentSeed(other.contentSeed)
{}

Image::~Image()
{
    if (mapped != nullptr)
    {
        ::munmap(mapped, bytes);
        ::unlink(file.c_str());
    }
}

Result<Image> Image::make(const std::filesystem::path& directory, uint64_t size,
                          uint64_t seed)
{
    std::string path = directory / "vmedia-bench-XXXXXX";
    const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
    if (descriptor < 0)
    {
        return vmedia::failErrno(
            errno, directory.string(),
            "give --directory a place that can be written");
    }
    // Allocated before it is mapped: else a full tmpfs is a SIGBUS.
    const int full = ::posix_fallocate(descriptor, 0, static_cast<off_t>(size));
    void* map = full != 0 ? MAP_FAILED
                          : ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                                   MAP_SHARED, descriptor, 0);
    const int error = full != 0 ? full : errno;
    ::close(descriptor);
    if (map == MAP_FAILED)
    {
        ::unlink(path.c_str());
        return vmedia::failErrno(
            error,
            fmt::format("{}: no room for {} bytes", directory.string(), size),
            "give a smaller --size, or another --directory");
    }
    auto* const start = static_cast<std::byte*>(map);
    for (uint64_t at = 0; at < size; at += sizeof(uint64_t))
    {
        const uint64_t word = wordAt(seed, at);
        std::memcpy(start + at, &word, sizeof(word));
    }
    return Image(path, start, size, seed);
}

bool Image::matches(uint64_t offset, std::span<const std::byte> piece,
                    uint64_t& checked) const
{
    const uint64_t first = (offset + 7) / 8 * 8;
    const uint64_t end = (offset + piece.size()) / 8 * 8;
    if (first >= end) // shorter than a word
    {
        return true;
    }
    checked += 2;
    return loadWord(piece.data() + (first - offset)) ==
               wordAt(contentSeed, first) &&
           loadWord(piece.data() + (end - 8 - offset)) ==
               wordAt(contentSeed, end - 8);
}

} // namespace bench
