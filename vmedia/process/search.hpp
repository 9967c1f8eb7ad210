// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <string>
#include <string_view>

namespace vmedia::process
{

/// The absolute path of @p program: itself if it holds a '/', else the first
/// match on PATH and then in /usr/sbin and /sbin, where Debian keeps tools
/// that an ordinary user's PATH leaves out (nbd-client, losetup, ip).
///
/// Errors: names the program, and @p package as what to install.
Result<std::string> findProgram(std::string_view program,
                                std::string_view package = {});

} // namespace vmedia::process
