// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/transport/dump.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds slotGrace{2000};

std::string firstLine(std::string_view head)
{
    return plainText(head.substr(0, head.find("\r\n")));
}

} // namespace

Peer::Peer(const Profile& profile, std::chrono::milliseconds limit,
           uint64_t seed, Spawned* process, std::shared_ptr<WireLog> log) :
    Script(std::move(log)), target(profile), deadline(limit), generator(seed),
    ours(process)
{}

Peer::Peer(const Profile& profile, Gate& door, std::chrono::milliseconds limit,
           uint64_t seed, std::shared_ptr<WireLog> log) :
    Peer(profile, limit, seed, nullptr, std::move(log))
{
    gate = &door;
}

Peer Peer::another()
{
    return gate != nullptr ? Peer(target, *gate, deadline, generator(), log())
                           : Peer(target, deadline, generator(), ours, log());
}

void Peer::connect()
{
    if (stopped())
    {
        return;
    }
    forget();
    if (gate != nullptr)
    {
        return receive();
    }
    auto opened = Connection::open(target.endpoint.address, deadline, log(),
                                   width);
    if (!opened)
    {
        return conclude(
            failed("no connection: " + vmedia::describe(opened.error()),
                   "a server that takes a new connection"));
    }
    connection.emplace(std::move(*opened));
    if (target.endpoint.secure)
    {
        if (const auto begun = connection->beginTls(target.endpoint.tls);
            !begun)
        {
            return conclude(notTested(vmedia::describe(begun.error())));
        }
        const TlsHandshake shaken = connection->shakeHands(deadline);
        want(shaken.done, "TLS did not come about: " + shaken.how, "TLS");
    }
}

/// All of the connection before.
void Peer::forget()
{
    connection.reset();
    buffer.clear();
    stream.clear();
    end = {};
    sentClose = false;
    seenHeaders.clear();
}

void Peer::hangUp()
{
    connection.reset();
}

void Peer::reset()
{
    if (connection)
    {
        connection->wire().dropOnClose();
    }
    connection.reset();
}

void Peer::endSending()
{
    if (connection)
    {
        connection->wire().endSending();
    }
}

Request Peer::request()
{
    return target.endpoint.request(randomKey(generator));
}

void Peer::send(const Request& request)
{
    asked = request;
    const auto given = valuesOf(request.fields, "Sec-WebSocket-Key");
    sentKey = given.empty() ? std::string() : given.front();
    sendHead(request.text(), {});
}

void Peer::expectKey(std::string key)
{
    sentKey = std::move(key);
}

void Peer::sendHead(std::string_view head, std::string_view what)
{
    sendBytes(std::as_bytes(std::span(head)), what);
}

std::optional<Response> Peer::wantResponse(bool mayEnd)
{
    // A slot is free at the latest then (profile of the NBD bridge).
    const auto until = Clock::now() + std::min(deadline, slotGrace);
    for (;;)
    {
        auto response = wantOneResponse(mayEnd);
        const bool isBusy = response && (response->status == 409 ||
                                         response->status == 503);
        if (!isBusy || busyIsWell || !target.oneClient || !asked ||
            Clock::now() >= until)
        {
            return response;
        }
        const std::string key = sentKey; // expectKey() may have set it
        connect();
        send(Request(*asked));
        sentKey = key;
    }
}

std::optional<std::string> Peer::wantHead(std::string_view what, bool mayEnd)
{
    std::string head;
    while (!stopped() && !endOfHead(head))
    {
        const auto byte = head.size() < headMax ? take(1) : std::nullopt;
        if (!byte)
        {
            if (!mayEnd || end.ended == Ended::timeout)
            {
                conclude(failed(
                    fmt::format("{} instead of {}{}", describe(end.ended), what,
                                head.empty() ? ""
                                             : ", after " + firstLine(head)),
                    fmt::format("{} of HTTP", what)));
            }
            return std::nullopt;
        }
        head += static_cast<char>(byte->front());
    }
    return stopped() ? std::nullopt : std::optional(std::move(head));
}

std::optional<Response> Peer::wantOneResponse(bool mayEnd)
{
    const auto head = wantHead("a response", mayEnd);
    if (!head)
    {
        return std::nullopt;
    }
    auto response = parseResponse(*head);
    want(response.has_value(),
         "a response that is no HTTP: " + firstLine(*head), "an HTTP response");
    return response;
}

std::optional<Request> Peer::wantRequest()
{
    const auto head = wantHead("a request", false);
    if (!head)
    {
        return std::nullopt;
    }
    asked = parseRequest(*head);
    want(asked.has_value(), "a request that is no HTTP: " + firstLine(*head),
         "an HTTP request");
    return asked;
}

std::optional<Response> Peer::wantOpen()
{
    auto response = wantResponse();
    if (!response)
    {
        return std::nullopt;
    }
    const std::string fault = upgradeFault(*response, sentKey);
    want(fault.empty(), fault, "101 that opens a WebSocket");
    return stopped() ? std::nullopt : response;
}

void Peer::open()
{
    if (gate == nullptr)
    {
        connect();
        send(request());
        wantOpen();
    }
    else if (receiveRequest())
    {
        send(upgradeResponse(*asked));
    }
}

void Peer::wantRefused(std::initializer_list<int> statuses)
{
    const auto response = wantResponse(true);
    if (stopped())
    {
        return;
    }
    if (!response)
    {
        return warn(std::string(describe(end.ended)) + " without a status",
                    "an error status");
    }
    want(response->status >= 300, fmt::format("status {}", response->status),
         "an error status");
    if (statuses.size() != 0 &&
        std::ranges::find(statuses, response->status) == statuses.end())
    {
        warn(fmt::format("status {}", response->status),
             fmt::format("status {}", fmt::join(statuses, " or ")));
    }
}

} // namespace conformance::ws
