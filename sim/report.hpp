// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "run.hpp"

#include <filesystem>
#include <ostream>
#include <string>

namespace sim
{

/// What a boot was, besides its timeline. Empty: it did not come that far.
struct BootReport
{
    std::string accel;
    std::string accelWhy;
    std::string kernel;
    std::string qemu;
    std::filesystem::path image;
    uint64_t imageSize = 0;
    uint64_t hostBytes = 0;
    std::string fileHash;
    std::string hostHash;
    std::string served;  ///< the last line of vmedia-nbd push
    std::string failure; ///< empty: it booted
};

/// The report as JSON, whole or not at all. Schema 1; a field is never used
/// again for another meaning.
vmedia::Result<void> writeJson(const std::filesystem::path& file,
                               const BootReport& report, const Run& run,
                               std::chrono::milliseconds total);

/// The failure in one line, and then the last lines of the log to look at.
void tellFailure(std::ostream& err, const std::string& failure,
                 const LogPtr& log, const std::filesystem::path& logs);

} // namespace sim
