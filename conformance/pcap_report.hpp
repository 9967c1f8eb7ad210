// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "vmedia/error/error.hpp"

#include <string>

namespace conformance
{

/// Makes the folder, unless it is there, so that one that cannot be written to
/// is found before a run.
vmedia::Result<void> openPcaps(const std::string& folder);

/// The captures for Wireshark: FOLDER/ID.pcapng for each case that made a
/// connection. Other files in the folder stay as they are.
vmedia::Result<void> writePcaps(const Run& run, const std::string& folder);

} // namespace conformance
