// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <atomic>
#include <cstdint>

namespace vmedia::nbd
{

/// Counters that grow while sessions run; read them at any time.
struct Traffic
{
    std::atomic<uint64_t> readBytes{0}; ///< sent in answer to NBD_CMD_READ
    std::atomic<uint64_t> writtenBytes{0};
    std::atomic<uint64_t> requests{0};
};

} // namespace vmedia::nbd
