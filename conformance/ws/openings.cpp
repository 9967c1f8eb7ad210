// SPDX-License-Identifier: Apache-2.0
#include "openings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

Verdict opens(Peer& peer, const Request& request)
{
    peer.connect();
    peer.send(request);
    peer.wantOpen();
    peer.closeWell();
    return peer.verdict();
}

Verdict refuses(Peer& peer, const Request& request,
                std::initializer_list<int> statuses)
{
    peer.connect();
    peer.send(request);
    peer.wantRefused(statuses);
    return peer.verdict();
}

Verdict tells(Peer& peer, const Request& request, std::string_view what)
{
    peer.connect();
    peer.send(request);
    const auto response = peer.wantResponse(true);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    return noted(response ? fmt::format("{}: status {}", what, response->status)
                          : fmt::format("{}: the connection closed", what));
}

Verdict refusesHead(Peer& peer, std::string_view head, std::string_view what,
                    std::initializer_list<int> statuses)
{
    peer.connect();
    peer.sendHead(head, what);
    peer.wantRefused(statuses);
    return peer.verdict();
}

Verdict endsAfter(Peer& peer, std::string_view head, std::string_view what)
{
    peer.connect();
    peer.sendHead(head, what);
    const auto response = peer.wantResponse(true);
    peer.want(!response || response->status >= 400,
              fmt::format("status {}", response ? response->status : 0),
              "an error status, or the end of the connection");
    return peer.verdict();
}

} // namespace conformance::ws
