// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/steps.hpp"

#include <fmt/format.h>
#include <poll.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view haggleSpec =
    "proto.md, Transmission, Termination of the session during option "
    "haggling";
constexpr std::string_view transmitSpec =
    "proto.md, Transmission, Terminating the transmission phase";

Verdict notOurs()
{
    return notApplicable("only a target that --spawn or --profile started is "
                         "stopped");
}

/// SIGTERM, and the sign that the target has seen it: nobody new is served.
void stop(Peer& peer)
{
    if (peer.stopped())
    {
        return;
    }
    peer.note("SIGTERM to the target");
    peer.process()->terminate();
    // Some go on to take clients: then it has had its time.
    const auto until = std::chrono::steady_clock::now() + peer.patience() / 6;
    while (std::chrono::steady_clock::now() < until)
    {
        const auto next = Connection::open(peer.process()->address(),
                                           std::chrono::milliseconds(100),
                                           peer.log());
        if (!next)
        {
            peer.note("it takes no new client");
            return;
        }
        ::poll(nullptr, 0, 5); // nothing tells that a socket is closed
    }
    peer.note("it still takes new clients");
}

constexpr Case cases[] = {
    {
        .id = "nbd.shutdown.option-refused",
        .spec = haggleSpec,
        .says = "If the server is in the process of being shut down it MAY "
                "error any inflight option and SHOULD error further options "
                "received (other than an `NBD_OPT_ABORT`) with "
                "`NBD_REP_ERR_SHUTDOWN`",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "SIGTERM to the target, then NBD_OPT_LIST and NBD_OPT_ABORT",
        .wants = "NBD_REP_ERR_SHUTDOWN, then NBD_REP_ACK",
        .endsTarget = true,
        .run =
            [](Peer& peer) {
    if (peer.process() == nullptr)
    {
        return notOurs();
    }
    stop(peer);
    peer.sendOption(Opt::list);
    peer.wantAnswer(Opt::list, {Rep::errShutdown});
    peer.sendOption(Opt::abort);
    peer.wantAnswer(Opt::abort, {Rep::ack});
    return peer.verdict();
},
    },
    {
        .id = "nbd.shutdown.in-flight-served",
        .spec = transmitSpec,
        .says = "On a server shutdown, the server SHOULD wait for inflight "
                "requests to be serviced prior to initiating a hard "
                "disconnect",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ that takes some 100 ms, and SIGTERM to the "
                 "target",
        .wants = "the data, or NBD_ESHUTDOWN",
        .needs = Needs::plain | Needs::slow,
        .endsTarget = true,
        .run =
            [](Peer& peer) {
    if (peer.process() == nullptr)
    {
        return notOurs();
    }
    go(peer);
    peer.wantRead(block); // it has come to where reads are served
    const uint64_t cookie = peer.sendRequest(Cmd::read, 0, block);
    peer.note("SIGTERM to the target");
    peer.process()->terminate();
    const auto error = peer.wantSimpleReply(cookie);
    if (error && *error == ErrorValue::none)
    {
        peer.wantBytes(block, "the data");
    }
    else if (error)
    {
        peer.want(*error == ErrorValue::eshutdown, nameOf(*error),
                  "the data, or NBD_ESHUTDOWN");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.shutdown.request-refused",
        .spec = transmitSpec,
        .says = "The error value issued in respect of these requests and any "
                "subsequently received requests SHOULD be `NBD_ESHUTDOWN`",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "SIGTERM to the target, then NBD_CMD_READ",
        .wants = "NBD_ESHUTDOWN, or a closed connection",
        .endsTarget = true,
        .run =
            [](Peer& peer) {
    if (peer.process() == nullptr)
    {
        return notOurs();
    }
    go(peer);
    peer.wantRead(block);
    stop(peer);
    peer.allowClose(true);
    if (const auto error =
            peer.wantSimpleReply(peer.sendRequest(Cmd::read, 0, block)))
    {
        peer.want(*error == ErrorValue::eshutdown, nameOf(*error),
                  "NBD_ESHUTDOWN, or a closed connection");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.shutdown.bounded",
        .spec = transmitSpec,
        .says = "A client that says nothing does not keep a target alive that "
                "was told to end.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "SIGTERM to the target while one client stalls in an option "
                 "and another in a request",
        .wants = "the target to end",
        .endsTarget = true,
        .run =
            [](Peer& peer) {
    if (peer.process() == nullptr)
    {
        return notOurs();
    }
    Peer other = peer.another();
    other.start();
    go(other);
    other.send(ByteView(requestBytes({0, Cmd::read, 1, 0, block})).first(9),
               "9 bytes of a request");
    adopt(peer, other);
    peer.sendOptionHeader(unknownOption, 8);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    peer.note("SIGTERM to the target");
    peer.process()->terminate();
    peer.want(
        peer.process()->gone(peer.patience()),
        fmt::format("it was still there after {} ms", peer.patience().count()),
        "a target that ends");
    return peer.verdict();
},
    },
};

} // namespace

const Area shutdownArea{"shutdown", cases};

} // namespace conformance::nbd
