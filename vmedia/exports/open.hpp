// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "forward.hpp"

namespace vmedia::exports
{

/// Opens an export by nbdkit's form of a command line.
///
///   file PATH                  or file=PATH
///   memory SIZE                or size=SIZE; pattern and null likewise
///   overlay PLUGIN PARAMETER   what is below, opened read-only; gives an
///                              Overlay, for who wants to commit it
///   forward URI [timeout=SECONDS]   or uri=URI
///
/// Errors: no such plugin, not its parameters, and those of the plugin.
Result<ExportPointer> openExport(std::string_view plugin,
                                 const std::vector<std::string>& parameters,
                                 Access access, const Notice& notice = {});

} // namespace vmedia::exports
