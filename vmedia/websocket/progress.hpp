// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <string>

namespace vmedia::websocket
{

/// "14.0 MiB": three figures, in units of 1024.
std::string humanBytes(uint64_t bytes);

/// "served 12.3 MiB of reads, 1.0 MiB of writes, 8.4 MiB/s" for a progress
/// line. @p sinceLast bytes were moved during @p interval.
std::string progressText(uint64_t readBytes, uint64_t writtenBytes,
                         uint64_t sinceLast,
                         std::chrono::milliseconds interval);

} // namespace vmedia::websocket
