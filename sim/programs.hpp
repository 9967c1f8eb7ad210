// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sim
{

/// Where one of our own programs is: beside vmedia-sim (a build and an
/// installation are like that), in the installation's libexec/vmedia (what
/// people do not run themselves), else on PATH.
vmedia::Result<std::filesystem::path> findOurs(std::string_view program);

/// Where a data file of ours is: in @p given if that is set, else under
/// share/vmedia of the installation, else in the source tree.
vmedia::Result<std::filesystem::path>
    findData(std::string_view file, const std::filesystem::path& given);

} // namespace sim
