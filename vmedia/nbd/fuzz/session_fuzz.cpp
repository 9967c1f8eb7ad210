// SPDX-License-Identifier: Apache-2.0
// Input: Circumstances, then all that a client says. A whole session answers
// it, and audit.hpp judges the answers.
#include "audit.hpp"
#include "client.hpp"
#include "vmedia/nbd/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstring>

using namespace vmedia;
using namespace vmedia::nbd;
using namespace vmedia::nbd::fuzz;

namespace
{

SessionOptions optionsOf(const Circumstances& circumstances,
                         const std::atomic<bool>& stopping)
{
    SessionOptions options;
    options.negotiation = negotiationLimits;
    options.transmission = transmissionLimits;
    options.tls = circumstances.tls();
    options.stopping = &stopping;
    if (!circumstances.faults().empty())
    {
        options.faults = *exports::FaultPlan::parse(circumstances.faults(), 1);
    }
    return options;
}

Result<SessionEnd> play(Client& client, Catalogue& offer,
                        const SessionOptions& options)
{
    Traffic traffic;
    std::optional<Result<SessionEnd>> end;
    boost::asio::io_context context;
    boost::asio::co_spawn(
        context, serve(client, offer, traffic, options),
        [&end](std::exception_ptr thrown, Result<SessionEnd> result) {
        ::fuzz::require(thrown == nullptr, "nothing is thrown");
        end = std::move(result);
    });
    context.run();
    ::fuzz::require(end.has_value(), "a client that left is not waited for");
    return *end;
}

void judge(ByteView says, ByteView heard, const Circumstances& circumstances,
           const Catalogue& offer, const Result<SessionEnd>& end)
{
    const bool cut = circumstances.hangsUp() || !circumstances.faults().empty();
    Told told(heard, cut);
    Reader said{says};
    try
    {
        const auto agreed = auditNegotiation(said, told, offer, circumstances);
        if (agreed)
        {
            auditTransmission(said, told, *agreed, offer, circumstances, end);
        }
        else
        {
            ::fuzz::require(!end || *end == SessionEnd::aborted || cut,
                            "without transmission, aborted or an error");
        }
    }
    catch (const Told::Cut&) // what could be read was in order
    {}
}

} // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    Circumstances circumstances;
    std::memcpy(circumstances.bytes.data(), data,
                std::min(size, Circumstances::wireSize));
    const ByteView says = std::as_bytes(std::span(data, size))
                              .subspan(std::min(size, Circumstances::wireSize));
    std::atomic<bool> stopping = false;
    Catalogue offer = makeOffer();
    Client client(says, circumstances, stopping);
    const Result<SessionEnd> end = play(client, offer,
                                        optionsOf(circumstances, stopping));
    if (!end)
    {
        const Errc code = end.error().code;
        ::fuzz::require(code == Errc::protocol || code == Errc::closedByPeer ||
                            code == Errc::cancelled,
                        "only the client can be to blame");
    }
    judge(says, client.told(), circumstances, offer, end);
    return 0;
}
