// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sim
{

/// What costs time to make and depends only on its content.
///
/// Shape:  CACHE/images/KEY-NAME, where KEY is the start of a SHA-256 over
///         all that goes in. A file appears whole or not at all, so any
///         number of runs may share a cache. The newest few are kept.
/// Errors: the folder cannot be written.
class Cache
{
  public:
    /// $VMEDIA_CACHE, else $XDG_CACHE_HOME/vmedia, else ~/.cache/vmedia.
    static std::filesystem::path defaultFolder();

    explicit Cache(std::filesystem::path root) : folder(std::move(root)) {}

    const std::filesystem::path& root() const
    {
        return folder;
    }

    /// Where the file with this key is, or will be. Finding it renews it.
    std::filesystem::path path(std::string_view key,
                               std::string_view name) const;
    bool holds(const std::filesystem::path& path) const;

    /// Writes @p content as @p path, unless that is there.
    vmedia::Result<void> put(const std::filesystem::path& path,
                             std::string_view content) const;

    /// Removes all but the newest @p keep images.
    void prune(size_t keep) const;

  private:
    std::filesystem::path folder;
};

/// SHA-256 in hexadecimal.
std::string sha256(std::string_view bytes);

/// SHA-256 of the first @p size bytes of a file. Blocks: for a thread.
vmedia::Result<std::string> sha256OfFile(const std::filesystem::path& path,
                                         uint64_t size);

} // namespace sim
