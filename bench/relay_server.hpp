// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "channel.hpp"
#include "cores.hpp"
#include "launched.hpp"
#include "relay_peer.hpp"

#include <memory>

namespace bench
{

/// A relay that runs on a processor of its own, and one session through it,
/// of which we have both ends.
///
/// Owner: ends the session, stops the process and removes its directory.
class RelayServer
{
  public:
    /// Errors: the relay ended, with its last words, or did not answer in 10 s,
    /// or refused the session.
    static vmedia::Result<std::unique_ptr<RelayServer>>
        start(const RelayPeer& peer, const RelayKeys& keys, bool tls,
              const Cores& cores);

    Channel& webSocket()
    {
        return *client;
    }
    /// What comes from the relay, and what goes to it: of a unix socket, or of
    /// two pipes. Neither blocks.
    int input() const
    {
        return in.get();
    }
    int output() const
    {
        return out.get();
    }

    double cpuSeconds() const;

    /// What the session has taken at most until now, in bytes of memory that
    /// belongs to nobody else: files that are mapped do not count.
    uint64_t sessionBytes() const;

  private:
    RelayServer() = default;
    vmedia::Result<void> listen();
    vmedia::Result<void> upgrade(const RelayPeer& peer, uint16_t port);
    vmedia::Result<void> acceptTarget(bool handsOver);

    Launched process;
    Descriptor listener; ///< where the relay finds its unix socket
    std::optional<Channel> client{};
    Descriptor in;
    Descriptor out;
    Descriptor helper;      ///< of the program that handed them over
    int helperPid = -1;
    uint64_t idleBytes = 0; ///< before the session
};

} // namespace bench
