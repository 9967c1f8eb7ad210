// SPDX-License-Identifier: Apache-2.0
#include "tls_steps.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

Bytes filled(size_t size)
{
    return Bytes(size, std::byte{'x'});
}

std::vector<std::pair<Opt, Bytes>> commonOptions(const Peer& peer)
{
    return {{Opt::list, {}},
            {Opt::structuredReply, {}},
            {Opt::listMetaContext, allocationQuery(peer)},
            {Opt::extendedHeaders, {}},
            {Opt::peekExport, {}},
            {unknownOption, {}}};
}

void wantNotRequired(Peer& peer, Opt option, ByteView data)
{
    peer.sendOption(option, data);
    if (const auto answer = peer.wantAnswer(option))
    {
        peer.want(answer->last.type != Rep::errTlsReqd, describe(answer->last),
                  "any answer but NBD_REP_ERR_TLS_REQD");
    }
}

std::optional<Answer> wantRequired(Peer& peer, Opt option, ByteView data)
{
    peer.sendOption(option, data);
    auto answer = peer.wantAnswer(option, {Rep::errTlsReqd});
    if (answer)
    {
        peer.want(answer->parts.empty(),
                  fmt::format("{} replies before it", answer->parts.size()),
                  "NBD_REP_ERR_TLS_REQD alone");
    }
    return answer;
}

Verdict wantTerminated(Peer& peer, std::string_view name)
{
    peer.sendOption(Opt::exportName, name);
    return peer.wantClosed();
}

uint64_t goOverTls(Peer& peer)
{
    peer.secure();
    return peer.stopped() ? 0 : go(peer);
}

void wantServed(Peer& peer, const TlsWish& with)
{
    peer.secure(with);
    if (!peer.stopped())
    {
        go(peer);
        peer.wantRead(block);
    }
}

Verdict wantRefused(Peer& peer, const TlsWish& with)
{
    peer.wantNoTls(with);
    return peer.verdict();
}

Verdict wantNothingPlain(Peer& peer)
{
    if (peer.stopped())
    {
        return peer.verdict();
    }
    constexpr size_t enough = 4096; // TLS alerts are shorter by far
    const Received received = peer.channel()->wire().receive(enough,
                                                             peer.patience());
    const Bytes magic = [] {
        Bytes bytes;
        append(bytes, optionReplyMagic);
        return bytes;
    }();
    peer.want(std::search(received.bytes.begin(), received.bytes.end(),
                          magic.begin(), magic.end()) == received.bytes.end(),
              "a reply in clear: " + dump(received.bytes),
              "no reply in clear, and a closed connection");
    peer.want(received.ended == Ended::closed, "the connection was still open",
              "a closed connection");
    return peer.verdict();
}

void flush(Peer& peer, std::string what)
{
    if (!peer.stopped())
    {
        peer.note(std::move(what));
        peer.channel()->flush(peer.patience());
    }
}

} // namespace conformance::nbd
