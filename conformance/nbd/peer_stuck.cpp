// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

/// How long a server may take nothing before we believe that it waits for us.
constexpr std::chrono::milliseconds patience{100};

} // namespace

size_t Peer::sendUntilStuck(ByteView bytes, std::string_view what)
{
    if (stopped() || !connection)
    {
        return 0;
    }
    const size_t sent = connection->sendUntilStuck(bytes, patience);
    lines.push_back(
        fmt::format("-> {}, {} bytes of {}", what, sent, bytes.size()));
    return sent;
}

} // namespace conformance::nbd
