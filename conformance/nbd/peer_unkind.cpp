// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include <fmt/format.h>

/// Other clients: more of them, slow, hasty, or gone.
namespace conformance::nbd
{

namespace
{

/// How long a server may take nothing before we believe that it waits for us.
constexpr std::chrono::milliseconds stuckAfter{100};

} // namespace

Peer Peer::another()
{
    return another(deadline);
}

Peer Peer::another(std::chrono::milliseconds within)
{
    return {address, target, within, generator(), ours, wireLog};
}

void Peer::drop()
{
    if (connection)
    {
        connection->wire().dropOnClose();
    }
    connection.reset();
}

void Peer::sendByByte(vmedia::nbd::ByteView bytes, std::string_view what)
{
    note(fmt::format("{}, a byte at a time", what));
    for (size_t i = 0; i < bytes.size() && !stopped() && connection; ++i)
    {
        const bool taken = connection->send(bytes.subspan(i, 1), deadline) !=
                               Ended::timeout &&
                           connection->wire().drain(deadline);
        want(taken, fmt::format("byte {} was not taken", i),
             "a server that takes what is sent to it");
    }
}

void Peer::endSending()
{
    if (connection && !stopped())
    {
        connection->wire().endSending();
    }
}

size_t Peer::sendUntilStuck(vmedia::nbd::ByteView bytes, std::string_view what)
{
    if (stopped() || !connection)
    {
        return 0;
    }
    const size_t sent = connection->wire().sendUntilStuck(bytes, stuckAfter);
    note(
        fmt::format("{}: {} bytes of {} were taken", what, sent, bytes.size()));
    return sent;
}

} // namespace conformance::nbd
