// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace conformance
{

/// What processes use together.
struct Usage
{
    uint64_t memory = 0;             ///< bytes: PSS, or RSS without that
    std::chrono::milliseconds cpu{}; ///< since they began; the dead count not
    int descriptors = 0;
    int running = 0;
    int zombies = 0; ///< ended, and nobody asked how

    void add(const Usage& other);
};

/// All processes below @p root, which itself does not count. What cannot be
/// read, for it has just ended or is another user's, counts as nothing.
Usage usageBelow(pid_t root);

} // namespace conformance
