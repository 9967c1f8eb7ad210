// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace sim
{

/// An initramfs under construction.
///
/// Shape:  paths are relative ("usr/bin/x"); folders come by themselves; a
///         second file of the same path replaces the first. Everything
///         belongs to root and has no time stamp, so the same content gives
///         the same bytes on every machine.
/// Source: Documentation/driver-api/early-userspace/buffer-format.rst ("newc").
/// Errors: a file that cannot be read.
class Cpio
{
  public:
    void folder(std::string_view path);
    void text(std::string_view path, std::string content,
              uint32_t permissions = 0644);
    void link(std::string_view path, std::string target);
    /// Symbolic links are followed: the archive gets what they point to.
    vmedia::Result<void> file(std::string_view path,
                              const std::filesystem::path& source,
                              uint32_t permissions);
    bool holds(std::string_view path) const;

    std::string archive() const;

  private:
    struct Entry
    {
        uint32_t mode;
        std::string content;
    };
    void put(std::string_view path, Entry entry);
    std::map<std::string, Entry, std::less<>> entries;
};

/// All of a file. Errors: it cannot be read; the text names it.
vmedia::Result<std::string> readFile(const std::filesystem::path& path);

} // namespace sim
