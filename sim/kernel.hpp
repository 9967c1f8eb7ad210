// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <filesystem>
#include <string>

namespace sim
{

/// A Debian kernel package, unpacked (by ci/fetch-kernel) or installed.
struct Kernel
{
    std::string version;           ///< "6.1.0-56-amd64"
    std::filesystem::path vmlinuz; ///< ROOT/boot/vmlinuz-VERSION
    std::filesystem::path modules; ///< ROOT/lib/modules/VERSION
};

/// The newest kernel in @p given; if that is empty, the newest in
/// @p cache/linux, else the newest that is installed.
///
/// Errors: none there, or one without modules.dep: what to do is in the text.
vmedia::Result<Kernel> findKernel(const std::filesystem::path& given,
                                  const std::filesystem::path& cache);

} // namespace sim
