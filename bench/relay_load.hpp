// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "relay_server.hpp"
#include "relay_workload.hpp"

namespace bench
{

struct RelayLoaded
{
    double seconds = 0;
    uint64_t bytes = 0;        ///< of payload
    double cpuSeconds = 0;     ///< of the relay
    double loadCpuSeconds = 0; ///< of the load, which is this process
    uint64_t checked = 0;      ///< words of content that were right
};

/// Messages through @p server, one way. What is sent was masked before, so the
/// load copies, encrypts and compares, and no more; without @p framed, the way
/// of the roofline, the other end gets the frames as they are, and gives back
/// bytes without any.
///
/// Time:    what happens in the first fifth (at most 0.1 s) does not count.
/// Errors:  a wrong byte, a frame that has no business there, an end that
///          closes or is silent for 10 s.
/// Threads: one that sends, and the caller's, which receives.
vmedia::Result<RelayLoaded> runRelayLoad(RelayServer& server,
                                         const RelayWorkload& workload,
                                         bool framed, double seconds,
                                         uint64_t seed);

} // namespace bench
