// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmedia::gadget
{

/// Directories and attributes of configfs, where mkdir(2) makes a thing of the
/// kernel's, together with its attributes, and write(2) changes it.
///
/// Length: an attribute is at most a page, and one write is one change.
/// Errors: each names the file and keeps errno. Attributes are never created:
///         ENOENT is a kernel that does not have it.
Result<void> makeDirectory(const std::string& path);
Result<void> removeDirectory(const std::string& path);
Result<void> makeLink(const std::string& target, const std::string& path);
Result<void> removeLink(const std::string& path);
Result<void> writeAttribute(const std::string& path, std::string_view text);

/// Its text, without the newline at its end.
Result<std::string> readAttribute(const std::string& path);

/// The names in @p directory, in the order of people: u.2 before u.10.
Result<std::vector<std::string>> namesIn(const std::string& directory);

} // namespace vmedia::gadget
