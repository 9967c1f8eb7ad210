// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

#include <sys/types.h>

#include <optional>

namespace vmedia::exports
{

/// Which file a path names, and in which state: another file there, or the
/// same one with other content, compares unequal.
struct FileState
{
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    int64_t modifiedNs = 0;
    bool operator==(const FileState&) const = default;
};

/// Of @p path itself, not of what a symbolic link there points to.
std::optional<FileState> stateOf(const std::string& path);

/// Writes @p content to PATH.part, and renames that to @p path once it is
/// whole and on the disk. Gives the state of what is there then.
///
/// Errors: there is a file already and it is not @p mayReplace; PATH.part
///         exists; the system's. PATH.part is gone then, unless it was there
///         before.
Result<FileState> writeImage(Export& content, const std::string& path,
                             const std::optional<FileState>& mayReplace);

} // namespace vmedia::exports
