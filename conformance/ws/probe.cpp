// SPDX-License-Identifier: Apache-2.0
#include "probe.hpp"

#include "conformance/ws/conversation.hpp"
#include "vmedia/nbd/negotiator.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

using vmedia::nbd::Greeting;
using vmedia::nbd::Negotiator;

namespace
{

constexpr uint64_t probeSeed = 0x77730001;

bool isGreeting(ByteView bytes)
{
    return bytes.size() >= Greeting::wireSize &&
           vmedia::nbd::decodeGreeting(bytes.first<Greeting::wireSize>());
}

/// Who speaks first is an NBD server; who sends our greeting back is an echo;
/// who answers it is an NBD client.
std::optional<Role> roleOf(Peer& peer)
{
    // A server that has to start its backend may answer a PING before that
    // speaks: so the wait for the first byte is the whole deadline.
    while (peer.streamSize() < Greeting::wireSize)
    {
        const auto frame = peer.nextFrame();
        if (!frame)
        {
            break;
        }
    }
    if (isGreeting(peer.takeStream()))
    {
        return Role::gateway;
    }
    if (peer.ending().ended != Ended::timeout)
    {
        return std::nullopt;
    }
    peer.goOn();
    const Bytes greeting = Negotiator::greeting();
    peer.sendData(greeting);
    const auto answer = peer.wantStream(sizeof(uint32_t), "an answer");
    if (!answer)
    {
        return std::nullopt;
    }
    return std::ranges::equal(*answer, ByteView(greeting).first(answer->size()))
               ? Role::echo
               : Role::bmc;
}

vmedia::Error refusal(const Response& response, const Endpoint& endpoint)
{
    const std::string what = fmt::format("the target answers {} with {} {}",
                                         endpoint.target, response.status,
                                         response.reason);
    switch (response.status)
    {
        case 401:
        case 403:
            return {vmedia::Errc::refused,
                    what,
                    {},
                    "give --user and --password-file, or --token-file"};
        case 409:
        case 503:
            return {vmedia::Errc::refused,
                    what + ": no slot is free",
                    {},
                    "close the session that has it"};
        case 404:
            return {vmedia::Errc::refused,
                    what,
                    {},
                    "give the path of a WebSocket in the URL"};
        default:
            return {vmedia::Errc::refused,
                    what,
                    {},
                    "that is HTTP, but no WebSocket: look at URL and path"};
    }
}

bool servesASecond(Peer& first)
{
    Peer second = first.another();
    second.mayBeBusy();
    second.connect();
    second.send(second.request());
    const auto response = second.wantResponse(true);
    if (!response || response->status != 101)
    {
        return false;
    }
    // bmcweb says yes, and closes at once.
    return second.fence();
}

std::optional<TextPolicy> textPolicy(Peer& peer)
{
    const auto talk = converse(peer);
    if (!talk)
    {
        return std::nullopt;
    }
    const Bytes words = talk->firstWords(peer);
    if (peer.stopped())
    {
        return std::nullopt;
    }
    const auto text = ByteView(words).first(judgedAfter(*peer.profile().role));
    peer.send(Opcode::text, text);
    if (peer.profile().role == Role::echo)
    {
        // A PONG may come before the echo does.
        const bool came = peer.wantStream(text.size(), "the same").has_value();
        return came                  ? TextPolicy::delivered
               : peer.ending().close ? TextPolicy::rejected
                                     : TextPolicy::lost;
    }
    return peer.fence() ? TextPolicy::delivered : TextPolicy::rejected;
}

bool agreesToDeflate(const Profile& profile, std::chrono::milliseconds deadline)
{
    Peer peer(profile, deadline, probeSeed + 2);
    peer.connect();
    peer.send(
        peer.request().add("Sec-WebSocket-Extensions", "permessage-deflate"));
    const auto response = peer.wantResponse(true);
    const bool agrees = response &&
                        hasToken(response->fields, "Sec-WebSocket-Extensions",
                                 "permessage-deflate");
    peer.closeWell();
    return agrees;
}

} // namespace

vmedia::Result<Profile> probe(const Profile& told,
                              std::chrono::milliseconds deadline)
{
    Profile found = told;
    Peer peer(found, deadline, probeSeed);
    peer.connect();
    peer.send(peer.request());
    const auto response = peer.wantResponse();
    if (!response)
    {
        return vmedia::fail(vmedia::Errc::io,
                            fmt::format("{} is no WebSocket server: {}",
                                        urlOf(told.endpoint),
                                        peer.verdict().got));
    }
    if (response->status != 101)
    {
        return tl::unexpected(refusal(*response, told.endpoint));
    }
    found.oneClient = covers(told.offers, Needs::oneClient) ||
                      !servesASecond(peer);
    if (!found.role)
    {
        found.role = roleOf(peer);
    }
    peer.closeWell();
    Peer other(found, deadline, probeSeed + 1);
    other.open();
    found.text = other.stopped() ? std::nullopt : textPolicy(other);
    if (!other.ending().close)
    {
        other.closeWell();
    }
    other.hangUp();
    if (found.role == Role::bmc)
    {
        Peer client(found, deadline, probeSeed + 3);
        client.open();
        found.inFlight = requestsInFlight(client);
    }
    found.deflates = agreesToDeflate(found, deadline);
    return found;
}

vmedia::Result<FoundClient> probe(const Profile& told, Gate& gate,
                                  std::chrono::milliseconds start,
                                  std::chrono::milliseconds deadline)
{
    FoundClient found{told, {}};
    {
        // To load a program, or a browser, takes longer than any answer.
        Peer first(found.profile, gate, start, probeSeed);
        const auto request = first.receiveRequest();
        if (!request)
        {
            return vmedia::fail(vmedia::Errc::io,
                                fmt::format("no WebSocket client came: {}",
                                            first.verdict().got),
                                "it has to dial the URL that it is given");
        }
        found.request = *request;
    }
    if (!found.profile.role)
    {
        Peer peer(found.profile, gate, deadline, probeSeed + 1);
        peer.open();
        if (peer.stopped())
        {
            return vmedia::fail(vmedia::Errc::io,
                                "the client did not open a WebSocket: " +
                                    peer.verdict().got);
        }
        found.profile.role = roleOf(peer);
        if (!found.profile.role && peer.ending().ended == Ended::closed)
        {
            return vmedia::fail(vmedia::Errc::io,
                                "the client left the WebSocket at once: " +
                                    peer.endingInWords(),
                                "it has to serve NBD, or to be an NBD client");
        }
    }
    if (found.profile.role == Role::bmc)
    {
        Peer client(found.profile, gate, deadline, probeSeed + 3);
        client.open();
        found.profile.inFlight = requestsInFlight(client);
    }
    return found;
}

std::string describe(const FoundClient& found)
{
    const auto& role = found.profile.role;
    const auto value = [&found](std::string_view name, std::string_view none) {
        const auto values = valuesOf(found.request.fields, name);
        return values.empty() ? fmt::format("no {}", none)
                              : fmt::format("{} {}", none, values.front());
    };
    return fmt::format("{}; {}; {}; {}",
                       !role                    ? "what it carries is unknown"
                       : *role == Role::gateway ? "it serves NBD (media)"
                       : *role == Role::bmc     ? "it is an NBD client (dialer)"
                                                : "it sends back what it gets",
                       value("Origin", "origin"),
                       value("Sec-WebSocket-Protocol", "subprotocol"),
                       value("Sec-WebSocket-Extensions", "extension"));
}

} // namespace conformance::ws
