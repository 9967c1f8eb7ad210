// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "connection.hpp"
#include "image.hpp"
#include "workload.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bench
{

struct LoadOptions
{
    double seconds = 1;
    bool verify = true;  ///< false for a peer without storage
    uint64_t number = 0; ///< of the run: choice of offsets, stamp of writes
    std::function<double()> serverCpu;      ///< seconds so far; asked twice
    std::vector<std::string> environment{}; ///< of a packaged client
};

struct Loaded
{
    double seconds = 0;
    uint64_t requests = 0;
    uint64_t bytes = 0;
    double cpuSeconds = 0;
    uint64_t checked = 0; ///< words of content that were right
    std::string cipher{}; ///< of our own client; empty without TLS
};

/// Our own client: it keeps @p workload's depth of requests on the way over
/// each of its connections, sends in one call what one receive made room for,
/// and parses all that a receive brought.
///
/// Time:   what happens in the first fifth (at most 0.1 s) does not count.
/// Errors: a reply that nobody asked for, an NBD error, or a wrong byte. What
///         was written is compared with the file after the last reply.
/// Threads: this one only; several connections share an epoll.
vmedia::Result<Loaded> runLoad(const Endpoint& endpoint, const Image& image,
                               const Workload& workload,
                               const LoadOptions& options);

/// Open, negotiated and silent.
vmedia::Result<std::vector<Connection>>
    openConnections(const Endpoint& endpoint, uint32_t count,
                    uint64_t wantedSize);

} // namespace bench
