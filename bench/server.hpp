// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "launched.hpp"
#include "peer.hpp"

#include <memory>

namespace bench
{

/// A peer that runs, and has greeted one connection.
///
/// Owner: stops the process (SIGTERM, then SIGKILL after 2 s) and removes its
///        directory. One that makes a daemon of itself comes back to us as
///        our child: see adoptOrphans().
class Server
{
  public:
    /// Errors: the peer ended, with its last words, or did not answer in 10 s.
    static vmedia::Result<std::unique_ptr<Server>> start(const Peer& peer,
                                                         const Image& image,
                                                         const Wire& wire,
                                                         uint32_t connections);

    Server(const Server&) = delete;
    ~Server();

    const Endpoint& endpoint() const
    {
        return listens;
    }
    /// From before fork() to the first greeting, in seconds.
    double startup() const
    {
        return startupSeconds;
    }
    double cpuSeconds() const;
    uint64_t residentBytes() const;

  private:
    Server() = default;
    vmedia::Result<void> awaitGreeting(const Peer& peer);
    int daemonPid() const;

    Launched process;
    int daemon = -1; ///< its process id, if the peer made a daemon of itself
    Endpoint listens;
    double startupSeconds = 0;
};

/// From now on a grandchild whose parent ends becomes our child. Once.
void adoptOrphans();

} // namespace bench
