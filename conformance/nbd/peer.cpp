// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

Peer::Peer(Address where, const Profile& found, std::chrono::milliseconds limit,
           uint64_t seed, Spawned* process, std::shared_ptr<WireLog> log) :
    address(std::move(where)), target(found), deadline(limit), generator(seed),
    ours(process), wireLog(std::move(log))
{}

void Peer::conclude(Verdict verdict)
{
    if (!stopped())
    {
        result = std::move(verdict);
    }
}

void Peer::want(bool condition, std::string got, std::string wanted)
{
    if (!condition)
    {
        conclude(failed(std::move(got), std::move(wanted)));
    }
}

void Peer::note(std::string line)
{
    wireLog->event(WireKind::note, 0, std::move(line));
}

void Peer::connect()
{
    if (stopped())
    {
        return;
    }
    closed = false;
    auto opened = Connection::open(address, deadline, wireLog);
    if (!opened)
    {
        return conclude(failed("no connection: " + describe(opened.error()),
                               "a server that takes a new connection"));
    }
    connection.emplace(std::move(*opened));
}

void Peer::hangUp()
{
    connection.reset();
}

std::optional<uint16_t> Peer::wantGreeting()
{
    const auto bytes = wantBytes(Greeting::wireSize, "the greeting");
    if (!bytes)
    {
        return std::nullopt;
    }
    const auto greeting =
        decodeGreeting(std::span(*bytes).first<Greeting::wireSize>());
    if (!greeting)
    {
        conclude(failed("a greeting of " + dump(*bytes),
                        "NBDMAGIC, IHAVEOPT and 16 bits of flags"));
        return std::nullopt;
    }
    return greeting->handshakeFlags;
}

void Peer::sendClientFlags(uint32_t flags)
{
    send(pack<4>(flags));
}

void Peer::start(uint32_t flags)
{
    connect();
    // A client flag has the bit of the handshake flag that it answers, and
    // "MUST NOT be set" without that.
    sendClientFlags(flags & wantGreeting().value_or(0));
}

void Peer::send(ByteView bytes, std::string what)
{
    if (stopped() || !connection)
    {
        return;
    }
    if (!what.empty())
    {
        note(std::move(what));
    }
    switch (connection->send(bytes, deadline))
    {
        case Ended::no:
        case Ended::closed:  // the next want finds it, with what came before
            break;
        case Ended::garbled: // nothing is received here
        case Ended::timeout:
            conclude(failed("the server read no further",
                            "a server that takes what is sent to it"));
            break;
    }
}

void Peer::sendOption(Opt option, ByteView data)
{
    Bytes bytes;
    append(bytes,
           encode(OptionHeader{option, static_cast<uint32_t>(data.size())}));
    append(bytes, data);
    send(bytes);
}

void Peer::sendOption(Opt option, std::string_view data)
{
    sendOption(option, std::as_bytes(std::span(data)));
}

void Peer::sendOptionHeader(Opt option, uint32_t length)
{
    send(encode(OptionHeader{option, length}),
         fmt::format("only the header of {}", nameOf(option)));
}

void Peer::sendInfo(Opt option, std::string_view name,
                    std::initializer_list<Info> wanted)
{
    sendOption(option, infoRequest(name, wanted));
}

void Peer::sendInfoOnly(Opt option, std::string_view name,
                        std::initializer_list<Info> wanted)
{
    sendOption(option, encodeInfoRequest(name, wanted));
}

Bytes Peer::infoRequest(std::string_view name,
                        std::span<const Info> wanted) const
{
    std::vector<Info> all(wanted.begin(), wanted.end());
    if (target.insistsOnSizes &&
        std::ranges::find(all, Info::blockSize) == all.end())
    {
        all.push_back(Info::blockSize);
    }
    return encodeInfoRequest(name, all);
}

uint64_t Peer::sendRequest(Cmd type, uint64_t offset, uint32_t length)
{
    const uint64_t cookie = generator();
    send(encode(Request{0, type, cookie, offset, length}));
    return cookie;
}

void Peer::sendDisconnect()
{
    sendRequest(Cmd::disc);
}

} // namespace conformance::nbd
