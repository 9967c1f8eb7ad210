// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

/// Clients that do not stay: the ways to end, and those who wait briefly.
namespace conformance::nbd
{

Peer Peer::another(std::chrono::milliseconds within)
{
    return {address, target, within, generator()};
}

void Peer::drop()
{
    if (connection)
    {
        connection->dropOnClose();
    }
    lines.emplace_back("-- connection reset by us");
    connection.reset();
}

void Peer::endSending()
{
    if (connection)
    {
        connection->endSending();
        lines.emplace_back("-> end of what we send");
    }
}

} // namespace conformance::nbd
