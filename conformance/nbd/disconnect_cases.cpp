// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/work_area.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view discSpec = "proto.md, Request types, NBD_CMD_DISC "
                                      "(2)";
constexpr std::string_view outstandingSays =
    "The server MUST handle all outstanding requests, shut down the TLS "
    "session (if one is running), and close the TCP session";

constexpr int requests = 8;
/// A server that loses a race does so in some of these runs, hardly in none.
constexpr int repetitions = 40;

/// Reads and NBD_CMD_DISC in one segment: all replies, then the end.
Verdict readsThenDisconnect(Peer& peer)
{
    peer.start();
    Exchange io(peer);
    const auto length = static_cast<uint32_t>(std::min<uint64_t>(
        64 << 10, io.size() / requests / io.block() * io.block()));
    io.needsSize(uint64_t{requests} * io.block(), "eight blocks");
    Bytes all;
    for (uint32_t i = 0; i < requests; ++i)
    {
        append(all, io.prepare(peer.random()(),
                               {Cmd::read, uint64_t{i} * length, length}));
    }
    append(all, encode(Request{0, Cmd::disc, 0, 0, 0}));
    peer.send(all, "8 reads and NBD_CMD_DISC at once");
    for (int i = 0; i < requests; ++i)
    {
        io.receive();
    }
    return peer.wantClosed();
}

/// Writes and NBD_CMD_DISC in one segment: all of it is there at the end.
void writesThenDisconnect(Exchange& io, const WorkArea& area)
{
    const Bytes data = noise(io.peer().random(), area.middleSize);
    Peer other = io.peer().another();
    other.start();
    Exchange writer(other);
    Bytes all;
    for (uint32_t i = 0; i < requests; ++i)
    {
        append(
            all,
            writer.prepare(
                other.random()(),
                {Cmd::write, area.middle + uint64_t{i} * area.unit, area.unit},
                ByteView(data).subspan(size_t{i} * area.unit, area.unit)));
    }
    append(all, encode(Request{0, Cmd::disc, 0, 0, 0}));
    other.send(all, "8 writes and NBD_CMD_DISC at once");
    // Replies may be lost when a connection is closed; the writes may not.
    while (other.wantBytes(1, "replies, and the end"))
    {}
    io.wantContent(area.begin, area.with(data), "what was written");
}

constexpr Case cases[] = {
    {
        .id = "nbd.disc.no-reply",
        .spec = discSpec,
        .says = "There is no reply to an `NBD_CMD_DISC`",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_DISC with an offset, with a length, with "
                 "NBD_CMD_FLAG_FUA, which a client MUST NOT send",
        .wants = "the connection closed without a reply",
        .run =
            [](Peer& peer) {
    for (const Request& request :
         {Request{0, Cmd::disc, 1, 512, 0}, Request{0, Cmd::disc, 2, 0, 512},
          Request{commandFua, Cmd::disc, 3, 0, 0}})
    {
        Peer one = peer.another();
        one.start();
        const Exchange io(one);
        one.send(encode(request),
                 fmt::format("NBD_CMD_DISC, flags {}, offset {}, length {}",
                             request.flags, request.offset, request.length));
        if (!one.wantClosed().passed())
        {
            return one.verdict();
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.disc.after-reads",
        .spec = discSpec,
        .says = outstandingSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "8 NBD_CMD_READ and NBD_CMD_DISC in one segment, up to 40 "
                 "times",
        .wants = "8 whole replies, then the connection closed",
        .run =
            [](Peer& peer) {
    for (int i = 0; i < repetitions; ++i)
    {
        Peer one = peer.another();
        Verdict seen = readsThenDisconnect(one);
        if (seen.outcome != Outcome::pass)
        {
            seen.got += fmt::format(" (time {} of {})", i + 1, repetitions);
            return seen;
        }
    }
    return passed();
},
    },
    {
        .id = "nbd.disc.after-writes",
        .spec = discSpec,
        .says = outstandingSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "8 NBD_CMD_WRITE and NBD_CMD_DISC in one segment, up to 40 "
                 "times",
        .wants = "all of the data read back by a second client",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    for (int i = 0; i < repetitions && !peer.stopped(); ++i)
    {
        writesThenDisconnect(io, area);
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.disc.then-request",
        .spec = discSpec,
        .says = "A client MUST NOT send anything to the server after sending "
                "an `NBD_CMD_DISC` command",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_DISC and NBD_CMD_WRITE in one segment",
        .wants = "the connection closed, and the content unchanged",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    Peer other = peer.another();
    other.start();
    Exchange writer(other);
    Bytes all;
    append(all, encode(Request{0, Cmd::disc, 0, 0, 0}));
    append(all, writer.prepare(other.random()(),
                               {Cmd::write, area.middle, area.unit},
                               noise(peer.random(), area.unit)));
    other.send(all, "NBD_CMD_DISC and a write at once");
    other.wantClosed();
    if (!other.verdict().passed())
    {
        return other.verdict();
    }
    io.wantContent(area.begin, area.before, "what was there before");
    return peer.verdict();
},
    },
};

} // namespace

const Area disconnectArea{"NBD_CMD_DISC", cases};

} // namespace conformance::nbd
