// SPDX-License-Identifier: Apache-2.0
#include "commit.hpp"

#include "descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace vmedia::exports
{

namespace
{

tl::unexpected<Error> taken(const std::string& path)
{
    return fail(Errc::usage, path + ": exists",
                "commit to a path that is free");
}

/// Copies what is not a hole; blocks of zeroes become holes as well.
Result<void> copyData(Export& content, const Descriptor& to,
                      const std::string& path)
{
    constexpr uint64_t pieceSize = 1 << 16;
    constexpr uint64_t askedMost = 1 << 30;
    constexpr size_t extentsMost = 1024;
    std::vector<std::byte> buffer(pieceSize);
    std::vector<Extent> extents;
    uint64_t offset = 0;
    while (offset < content.size())
    {
        extents.clear();
        const uint64_t asked = std::min(content.size() - offset, askedMost);
        if (const int error = content.extents(offset, asked, extentsMost,
                                              extents))
        {
            return failErrno(error, fmt::format("extents at {}", offset));
        }
        for (const Extent& extent : extents)
        {
            const uint64_t end = offset + extent.length;
            while (!extent.zero && offset < end)
            {
                const auto piece =
                    std::span(buffer).first(std::min(end - offset, pieceSize));
                if (const int error = content.read(piece, offset))
                {
                    return failErrno(error,
                                     fmt::format("reading at {}", offset));
                }
                const bool zeroes = std::ranges::all_of(
                    piece, [](std::byte b) { return b == std::byte{0}; });
                if (const int error = zeroes ? 0 : to.write(piece, offset))
                {
                    return failErrno(error, path,
                                     "commit to a place with more room");
                }
                offset += piece.size();
            }
            offset = end;
        }
    }
    return {};
}

Result<void> moveThere(const std::string& part, const std::string& path,
                       bool replace)
{
    int moved = replace ? ::rename(part.c_str(), path.c_str())
                        : ::renameat2(AT_FDCWD, part.c_str(), AT_FDCWD,
                                      path.c_str(), RENAME_NOREPLACE);
    if (moved != 0 && !replace && errno == EINVAL)
    {
        // "The filesystem does not support one of the flags" (rename(2))
        moved = ::rename(part.c_str(), path.c_str());
    }
    if (moved != 0)
    {
        return errno == EEXIST ? Result<void>(taken(path))
                               : Result<void>(failErrno(errno, path));
    }
    // The name is in the directory, which has to reach the disk as well.
    const std::filesystem::path parent =
        std::filesystem::path(path).parent_path();
    const Descriptor directory(::open(parent.empty() ? "." : parent.c_str(),
                                      O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || ::fsync(directory.get()) != 0)
    {
        return failErrno(errno, path + ": its directory");
    }
    return {};
}

Result<void> fill(const Descriptor& file, const std::string& part,
                  Export& content)
{
    if (::ftruncate(file.get(), static_cast<off_t>(content.size())) != 0)
    {
        return failErrno(errno, part, "commit to a place that takes the size");
    }
    if (Result<void> copied = copyData(content, file, part); !copied)
    {
        return copied;
    }
    if (::fsync(file.get()) != 0)
    {
        return failErrno(errno, part);
    }
    return {};
}

} // namespace

std::optional<FileState> stateOf(const std::string& path)
{
    struct stat status = {};
    if (::lstat(path.c_str(), &status) != 0)
    {
        return std::nullopt;
    }
    return FileState{status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec * int64_t{1'000'000'000} +
                         status.st_mtim.tv_nsec};
}

Result<FileState> writeImage(Export& content, const std::string& path,
                             const std::optional<FileState>& mayReplace)
{
    const std::optional<FileState> existing = stateOf(path);
    if (existing && existing != mayReplace)
    {
        return taken(path);
    }
    const std::string part = path + ".part";
    const Descriptor file(
        ::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.get() < 0)
    {
        return failErrno(errno, part,
                         errno == EEXIST
                             ? "remove it if no other commit is writing it"
                             : "check the path and its permissions");
    }
    Result<void> done = fill(file, part, content);
    if (done)
    {
        done = moveThere(part, path, existing.has_value());
    }
    if (!done)
    {
        ::unlink(part.c_str());
        return tl::unexpected(done.error());
    }
    const std::optional<FileState> state = stateOf(path);
    return state ? Result<FileState>(*state)
                 : fail(Errc::io, path + ": went away while it was committed");
}

} // namespace vmedia::exports
