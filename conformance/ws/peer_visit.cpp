// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include <fmt/format.h>

#include <utility>

namespace conformance::ws
{

using vmedia::nbd::append;

namespace
{

/// Sessions of visits before that a client may try again to have.
constexpr int strayMax = 16;
/// Deadlines for somebody to dial: a page has to be loaded, or a loop to come
/// round again.
constexpr int dialFactor = 4;

} // namespace

bool Peer::dialsWithin(std::chrono::milliseconds time)
{
    visit.reset(); // first: a client that stays is told the end of that
    auto called = gate->call(urlEnds);
    if (!called)
    {
        conclude(notTested(vmedia::describe(called.error())));
        return false;
    }
    visit = std::move(*called);
    url = gate->target();
    at = gate->host();
    return comesAgain(time);
}

/// connect() for a gate.
void Peer::receive()
{
    const auto time = dialFactor * deadline;
    if (!dialsWithin(time) && !stopped())
    {
        const auto told = farewell(std::chrono::milliseconds(0));
        conclude(told ? failed("it ended without a connection: " + told->how,
                               "a client that dials " + gate->url())
                      : notTested(fmt::format("nobody dialled {} within {} ms",
                                              gate->url(), time.count())));
    }
}

size_t Peer::heardWithin(std::chrono::milliseconds time)
{
    const auto usual = std::exchange(deadline, time);
    while (!stopped() && fill(buffer.size() + 1))
    {}
    deadline = usual;
    goOn();
    return buffer.size();
}

bool Peer::endsWithin(std::chrono::milliseconds time)
{
    heardWithin(time);
    return !stopped() && (end.ended == Ended::closed ||
                          farewell(std::chrono::milliseconds(0)));
}

/// "The server MUST close the underlying TCP connection immediately" (5.5.1).
void Peer::endAsServer()
{
    if (gate == nullptr || holdsEnd || !sentClose || !end.close || !connection)
    {
        return;
    }
    if (connection->tls() != nullptr)
    {
        connection->tls()->closeNotify();
        connection->flush(deadline);
    }
    endSending();
}

bool Peer::comesAgain(std::chrono::milliseconds within)
{
    if (stopped() || !visit)
    {
        return false;
    }
    forget();
    auto accepted = gate->accept(*visit, within, log());
    if (!accepted)
    {
        return false;
    }
    connection.emplace(std::move(*accepted));
    if (gate->isSecure())
    {
        if (const auto begun = connection->beginTls(gate->tls()); !begun)
        {
            conclude(notTested(vmedia::describe(begun.error())));
            return true;
        }
        const TlsHandshake shaken = connection->shakeHands(deadline);
        want(shaken.done, "TLS did not come about: " + shaken.how, "TLS");
    }
    return true;
}

std::optional<Request> Peer::receiveRequest()
{
    connect();
    auto request = wantRequest();
    const auto isStray = [this](const std::optional<Request>& one) {
        return one && !one->target.starts_with(url);
    };
    for (int i = 0; i < strayMax && isStray(request) && comesAgain(deadline);
         ++i)
    {
        request = wantRequest();
    }
    return request;
}

void Peer::send(const Response& response, ByteView behind)
{
    const std::string head = response.text();
    Bytes all;
    append(all, std::as_bytes(std::span(head)));
    append(all, behind);
    sendBytes(all, behind.empty() ? "" : "a response, and more behind it");
}

void Peer::wantGivenUp()
{
    const std::string wanted =
        "the end of the connection, and not a word through it";
    while (!stopped() && end.ended == Ended::no)
    {
        const auto frame = nextFrame();
        want(!frame || frame->header.opcode == Opcode::close,
             frame ? ws::describe(frame->header) : std::string(), wanted);
    }
    // HTTP may keep a connection that a client has no more use for.
    want(end.ended != Ended::timeout ||
             farewell(std::chrono::milliseconds(0)).has_value(),
         "nothing, and the connection stays open", wanted);
    if (end.close)
    {
        warn("a Close frame in what is no WebSocket", wanted);
    }
}

std::optional<Farewell> Peer::farewell(std::chrono::milliseconds grace)
{
    auto told = visit ? visit->farewell(grace) : std::nullopt;
    if (told)
    {
        note("the client: " + told->how);
    }
    return told;
}

void Peer::wantToldAsError(std::string_view of)
{
    if (stopped() || !visit || !visit->tells())
    {
        return;
    }
    const auto told = farewell(deadline);
    if (!told)
    {
        return warn("the client goes on as if nothing were wrong",
                    fmt::format("{} told as an error", of));
    }
    want(told->failed, "the client is content: " + told->how,
         fmt::format("{} told as an error", of));
}

} // namespace conformance::ws
