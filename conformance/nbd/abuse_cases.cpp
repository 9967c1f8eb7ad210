// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/exchange.hpp"
#include "conformance/nbd/memory_watch.hpp"
#include "conformance/nbd/steps.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view sizeSpec = "proto.md, Size constraints";
constexpr std::string_view haggleSpec =
    "proto.md, Transmission, Termination of the session during option "
    "haggling";
constexpr std::string_view boundedPerClient =
    "One client cannot make a server hold more than 64 MiB.";
constexpr uint64_t perClient = 64 * mebi;

/// As much of @p size bytes as the server takes: to hang up is its right.
void pour(Peer& peer, uint64_t size, MemoryWatch& memory)
{
    static const Bytes chunk(4 * mebi, std::byte{'w'});
    uint64_t sent = 0;
    Ended ended = Ended::no;
    while (sent < size && ended == Ended::no && !peer.stopped())
    {
        const uint64_t part = std::min<uint64_t>(chunk.size(), size - sent);
        ended = peer.channel()->send(ByteView(chunk).first(part),
                                     peer.patience());
        sent += part;
        memory.look();
    }
    peer.note(fmt::format("{} MiB of payload{}", sent / mebi,
                          ended == Ended::no       ? ""
                          : ended == Ended::closed ? ", then it hung up"
                                                   : ", then it took no more"));
}

/// Clients that announce a write and send a part of it.
std::vector<Peer> writers(Peer& peer, size_t count, uint32_t length,
                          uint64_t sent, MemoryWatch& memory)
{
    std::vector<Peer> all;
    for (size_t i = 0; i < count && !peer.stopped(); ++i)
    {
        Peer& one = all.emplace_back(peer.another());
        one.start();
        go(one);
        one.sendRequest(Cmd::write, 0, length);
        pour(one, sent, memory);
        adopt(peer, one);
    }
    return all;
}

int descriptors(const Peer& peer)
{
    return peer.process() == nullptr ? 0 : peer.process()->usage().descriptors;
}

/// As many reads of up to 1 MiB, one after the other.
void sendReads(Exchange& io, size_t count)
{
    const uint64_t size = std::min(io.lastBlock() + io.block(), mebi);
    const std::vector<Ask> asks(count,
                                Ask{Cmd::read, 0, static_cast<uint32_t>(size)});
    io.sendTogether(asks);
}

/// Until the target has as few open files as before its clients came.
void waitUntilLeft(const Peer& peer, int before)
{
    const auto until = std::chrono::steady_clock::now() + peer.patience();
    while (descriptors(peer) > before &&
           std::chrono::steady_clock::now() < until)
    {
        ::poll(nullptr, 0, 5); // another process's sockets raise no events
    }
}

/// A visit from the greeting to NBD_CMD_DISC, and to its end.
void visit(Peer& peer)
{
    peer.start();
    go(peer);
    peer.sendDisconnect();
    peer.wantClosed();
    peer.hangUp();
}

constexpr Case cases[] = {
    {
        .id = "nbd.abuse.write-announced",
        .spec = sizeSpec,
        .says = boundedPerClient,
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 1 GiB and of 4 GiB without a byte of data",
        .wants = "no memory to be held for it",
        .run =
            [](Peer& peer) {
    MemoryWatch memory(peer);
    std::vector<Peer> all = writers(peer, 1, 1 << 30, 0, memory);
    std::vector<Peer> more = writers(peer, 1, 0xffffffff, 0, memory);
    wantOthersServed(peer);
    memory.wantGrowthBelow(perClient);
    return peer.verdict();
},
    },
    {
        .id = "nbd.abuse.write-half-sent",
        .spec = sizeSpec,
        .says = boundedPerClient,
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 1 GiB and 160 MiB of its data, on four "
                 "connections",
        .wants = "memory to grow by less than 64 MiB for each",
        .run =
            [](Peer& peer) {
    MemoryWatch memory(peer);
    const std::vector<Peer> all = writers(peer, 4, 1 << 30, 160 * mebi, memory);
    memory.wantGrowthBelow(4 * perClient);
    return wantOthersServed(peer);
},
    },
    {
        .id = "nbd.abuse.writes-unfinished",
        .spec = sizeSpec,
        .says = "the client MUST NOT request a length larger than the maximum "
                "payload size",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 64 MiB without its last MiB, on four "
                 "connections",
        .wants = "memory to be held or not",
        .run =
            [](Peer& peer) {
    MemoryWatch memory(peer);
    const std::vector<Peer> all = writers(peer, 4, 64 * mebi, 63 * mebi,
                                          memory);
    wantOthersServed(peer);
    // In steps, so that two runs say the same.
    const uint64_t grown = memory.growth() / mebi;
    return peer.stopped() ? peer.verdict()
           : grown < 64   ? noted("holds less than 16 MiB for each")
           : grown < 256  ? noted("holds 16 to 64 MiB for each")
                          : noted("holds 64 MiB and more for each");
},
    },
    {
        .id = "nbd.abuse.reads-not-fetched",
        .spec = sizeSpec,
        .says = boundedPerClient,
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "256 NBD_CMD_READ of up to 1 MiB, and reads no reply at first",
        .wants = "memory to grow by less than 64 MiB, then all replies",
        .run =
            [](Peer& peer) {
    MemoryWatch memory(peer);
    Exchange io(peer);
    sendReads(io, 256);
    wantOthersServed(peer);
    memory.wantGrowthBelow(perClient);
    io.wantOutstanding();
    return peer.verdict();
},
    },
    {
        .id = "nbd.abuse.replies-left",
        .spec = sizeSpec,
        .says = "A client that goes while it is answered ends nothing but its "
                "own connection.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "64 NBD_CMD_READ of up to 1 MiB, and hangs up after the first "
                 "bytes of the replies, sixteen times",
        .wants = "the next client to be served",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    const int before = descriptors(peer);
    for (int i = 0; i < 16 && !peer.stopped(); ++i)
    {
        peer.start();
        Exchange io(peer);
        sendReads(io, 64);
        peer.wantBytes(4, "the beginning of a reply");
        peer.hangUp();
        waitUntilLeft(peer, before);
    }
    return wantOthersServed(peer);
},
    },
    {
        .id = "nbd.abuse.option-payloads",
        .spec = haggleSpec,
        .says = "Clients of whom nothing is known cannot make a server hold "
                "more than 4 MiB each.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "an unknown option of 32 MiB without its last byte, on 16 "
                 "connections",
        .wants = "memory to grow by less than 64 MiB in all",
        .run =
            [](Peer& peer) {
    MemoryWatch memory(peer);
    std::vector<Peer> all;
    for (int i = 0; i < 16 && !peer.stopped(); ++i)
    {
        Peer& one = all.emplace_back(peer.another());
        one.start();
        one.sendOptionHeader(unknownOption, 32 * mebi);
        pour(one, 32 * mebi - 1, memory);
        adopt(peer, one);
    }
    wantOthersServed(peer);
    memory.wantGrowthBelow(64 * mebi);
    return peer.verdict();
},
    },
    {
        .id = "nbd.abuse.slow-clients",
        .spec = haggleSpec,
        .says = "A client that sends a message byte by byte, or stops in one, "
                "holds up nobody else.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "parts of the client flags, of an option's header and of its "
                 "data, on 12 connections",
        .wants = "another client to be served",
        .run =
            [](Peer& peer) {
    const Bytes whole = optionBytes(unknownOption, Bytes(16));
    std::vector<Peer> all;
    for (const size_t part :
         {size_t{0}, size_t{1}, size_t{8}, size_t{15}, size_t{16}, size_t{20}})
    {
        for (int i = 0; i < 2; ++i)
        {
            Peer& one = all.emplace_back(peer.another());
            one.connect();
            one.wantGreeting();
            if (part > 0)
            {
                one.sendClientFlags(bothClientFlags);
                one.send(ByteView(whole).first(part),
                         fmt::format("{} bytes of an option", part));
            }
            else
            {
                one.send(pack<1>(uint8_t{0}), "1 byte of the client flags");
            }
            adopt(peer, one);
        }
    }
    wantOthersServed(peer);
    // The slow ones are served as well, once they have said it.
    Peer& last = all.back();
    last.send(ByteView(whole).subspan(20), "the rest of the option");
    last.wantAnswer(unknownOption, {Rep::errUnsup});
    adopt(peer, last);
    return peer.verdict();
},
    },
    {
        .id = "nbd.abuse.many-visits",
        .spec = haggleSpec,
        .says = "A client that has gone leaves nothing behind: no process, no "
                "open file, no memory.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "1000 visits from the greeting to NBD_CMD_DISC",
        .wants = "as many processes and open files as after the first ones",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    if (peer.process() == nullptr)
    {
        return notApplicable("only a target that --spawn or --profile started "
                             "is looked into");
    }
    Usage before;
    for (int i = 0; i < 1000 && !peer.stopped(); ++i)
    {
        Peer one = peer.another();
        visit(one);
        if (one.stopped() || i == 0)
        {
            adopt(peer, one);
        }
        if (i == 20) // what it needs once, it has by now
        {
            before = peer.process()->usage();
        }
    }
    // The last one may still be on its way out.
    const auto until = std::chrono::steady_clock::now() + peer.patience();
    Usage after = peer.process()->usage();
    while (std::chrono::steady_clock::now() < until &&
           (after.descriptors > before.descriptors + 2 ||
            after.running > before.running || after.zombies > 1))
    {
        after = peer.process()->usage();
    }
    peer.note(fmt::format("{} processes, {} open files; before: {}, {}",
                          after.running, after.descriptors, before.running,
                          before.descriptors));
    peer.want(after.descriptors <= before.descriptors + 2,
              fmt::format("{} open files more",
                          after.descriptors - before.descriptors));
    peer.want(after.running <= before.running,
              fmt::format("{} processes more", after.running - before.running));
    peer.want(after.zombies <= 1, fmt::format("{} zombies", after.zombies));
    peer.want(
        after.memory < before.memory + 16 * mebi,
        fmt::format("{} MiB more", (after.memory - before.memory) / mebi));
    return peer.verdict();
},
    },
};

} // namespace

const Area abuseArea{"abuse", cases};

} // namespace conformance::nbd
