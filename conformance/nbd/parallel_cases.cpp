// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/content_model.hpp"
#include "conformance/nbd/work_area.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view transmissionSpec = "proto.md, Transmission";
constexpr std::string_view orderSpec = "proto.md, Ordering of messages and "
                                       "writes";
constexpr std::string_view multiSays =
    "the effects of `NBD_CMD_FLUSH` and `NBD_CMD_FLAG_FUA` MUST be visible "
    "across all connections when the server sends its reply to that command "
    "to the client";

/// So many reads at once; each is answered once, with its data.
void wantAllAnswered(Exchange& io, size_t count)
{
    std::vector<Ask> asks;
    const uint64_t blocks = std::max<uint64_t>(1, io.size() / io.block());
    for (size_t i = 0; i < count; ++i)
    {
        asks.push_back({Cmd::read, i % blocks * io.block(), io.block()});
    }
    io.sendTogether(asks);
    io.wantOutstanding();
    io.wantInStep();
}

/// A random request within the area, and what it does to the model.
class Mixture
{
  public:
    Mixture(Exchange& exchange, const WorkArea& within) :
        io(exchange), area(within), model(within.before)
    {
        kinds = {Cmd::read, Cmd::read, Cmd::write, Cmd::write};
        for (const auto& [flag, type] :
             {std::pair{sendTrim, Cmd::trim},
              std::pair{sendWriteZeroes, Cmd::writeZeroes},
              std::pair{sendFlush, Cmd::flush}})
        {
            if (io.has(flag))
            {
                kinds.push_back(type);
            }
        }
    }

    void send()
    {
        auto& random = io.peer().random();
        const uint32_t step = io.minimum();
        const uint32_t steps = area.size / step;
        const uint32_t at = static_cast<uint32_t>(random() % steps);
        const uint32_t most = std::min(steps - at,
                                       std::max(1U, lengthMax / step));
        const uint32_t offset = at * step;
        const uint32_t length = (1 + static_cast<uint32_t>(random() % most)) *
                                step;
        const auto value = static_cast<std::byte>(random());
        const uint64_t cookie = random();
        Ask ask{kinds.at(random() % kinds.size()), area.begin + offset, length};
        switch (ask.type)
        {
            case Cmd::read:
                model.beginRead(cookie, offset, length);
                break;
            case Cmd::write:
                model.beginChange(cookie, offset, length, value);
                return io.sendAs(cookie, ask, Bytes(length, value));
            case Cmd::writeZeroes:
                model.beginChange(cookie, offset, length, std::byte{0});
                break;
            case Cmd::trim:
                model.beginChange(cookie, offset, length, std::nullopt);
                break;
            default:
                ask = {ask.type};
                model.beginChange(cookie, 0, 0, std::nullopt);
        }
        io.sendAs(cookie, ask);
    }

    void receive()
    {
        const auto reply = io.receive();
        if (!reply)
        {
            return;
        }
        io.peer().want(reply->succeeded(),
                       nameOf(reply->error) + " to " + describe(reply->ask),
                       "success");
        if (reply->ask.type != Cmd::read)
        {
            return model.endChange(reply->cookie);
        }
        if (const auto wrong = model.endRead(reply->cookie, reply->data))
        {
            const uint64_t first = reply->ask.offset - area.begin;
            io.peer().want(false,
                           fmt::format("{:#04x} at offset {}",
                                       std::to_integer<unsigned>(
                                           reply->data.at(*wrong - first)),
                                       area.begin + *wrong),
                           "a byte that was there or was written meanwhile");
        }
    }

  private:
    static constexpr uint32_t lengthMax = 16 << 10;

    Exchange& io;
    const WorkArea& area;
    ContentModel model;
    std::vector<Cmd> kinds;
};

/// What a second client reads after the first wrote.
Verdict seenByAnother(Peer& peer, uint16_t flags, bool flush)
{
    Exchange io(peer);
    io.needs(canMultiConn, "CAN_MULTI_CONN");
    flush ? io.needs(sendFlush, "SEND_FLUSH") : io.needs(sendFua, "SEND_FUA");
    const WorkArea area(io);
    Peer other = peer.another();
    other.start();
    Exchange reader(other);
    reader.read(area.begin, area.size); // a cache would have it now
    const Bytes data = noise(peer.random(), area.middleSize);
    io.wantSuccess({Cmd::write, area.middle, area.middleSize, flags}, data);
    if (flush)
    {
        io.wantSuccess({Cmd::flush});
    }
    if (!peer.stopped())
    {
        reader.wantContent(area.begin, area.with(data),
                           "what the first client wrote");
        peer.conclude(other.verdict());
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.parallel.reads",
        .spec = "proto.md, Simple reply message",
        .says = "The simple reply message MUST be sent by the server in "
                "response to all requests if structured replies have not been "
                "negotiated using `NBD_OPT_STRUCTURED_REPLY`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "128, then 2000 NBD_CMD_READ at once",
        .wants = "one reply to each, in any order",
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    wantAllAnswered(io, 128);
    wantAllAnswered(io, 2000);
    return peer.verdict();
},
    },
    {
        .id = "nbd.parallel.structured-reads",
        .spec = "proto.md, Structured reply chunk message",
        .says = "Unless further documented by individual requests below, the "
                "chunks MAY be sent in any order, except that the chunk with "
                "the flag `NBD_REPLY_FLAG_DONE` MUST be sent last",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "128, then 1000 NBD_CMD_READ at once, with structured replies",
        .wants = "chunks for each up to one with NBD_REPLY_FLAG_DONE, and none "
                 "after it",
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    wantAllAnswered(io, 128);
    wantAllAnswered(io, 1000);
    return peer.verdict();
},
    },
    {
        .id = "nbd.parallel.unread-replies",
        .spec = transmissionSpec,
        .says = "Replies need not be sent in the same order as requests",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ until the server takes no more, no reply being "
                 "read meanwhile",
        .wants = "all replies once they are read",
        .run =
            [](Peer& peer) {
    constexpr size_t requestsMax = 20'000;
    Exchange io(peer);
    std::vector<Bytes> requests;
    Bytes all;
    for (uint64_t i = 0; i < requestsMax; ++i)
    {
        append(all, encode(Request{0, Cmd::read, i, 0, io.block()}));
    }
    const size_t sent = peer.sendUntilStuck(all, "reads, no reply read");
    const size_t whole = sent / Request::wireSize;
    const auto wantReplies = [&](size_t count) {
        for (size_t i = 0; i < count && !peer.stopped(); ++i)
        {
            peer.wantBytes(SimpleReply::wireSize, "a reply");
            peer.wantBytes(io.block(), "the data of NBD_CMD_READ");
        }
    };
    wantReplies(whole);
    if (const size_t part = sent % Request::wireSize; part != 0)
    {
        peer.send(ByteView(all).subspan(sent, Request::wireSize - part),
                  "the rest of the last request");
        wantReplies(1);
    }
    io.wantInStep();
    return peer.verdict();
},
    },
    {
        .id = "nbd.parallel.mixed",
        .spec = orderSpec,
        .says = "The server MAY process commands out of order, and MAY reply "
                "out of order",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "1000 random NBD_CMD_READ, _WRITE, _TRIM, _WRITE_ZEROES and "
                 "_FLUSH, 64 in flight",
        .wants = "each byte read as an order of these requests allows",
        .writes = true,
        .run =
            [](Peer& peer) {
    constexpr size_t inFlight = 64;
    Exchange io(peer);
    const WorkArea area(io);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    Mixture mixture(io, area);
    for (int i = 0; i < 1000 && !peer.stopped(); ++i)
    {
        mixture.send();
        if (io.outstanding() == inFlight)
        {
            mixture.receive();
        }
    }
    while (io.outstanding() > 0 && !peer.stopped())
    {
        mixture.receive();
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.parallel.overlapping-writes",
        .spec = orderSpec,
        .says = "The server MAY process commands out of order, and MAY reply "
                "out of order",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "16 NBD_CMD_WRITE of the same range at once, each of another "
                 "byte",
        .wants = "each byte as one of them wrote it",
        .writes = true,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    const WorkArea area(io);
    Bytes all;
    for (unsigned i = 1; i <= 16; ++i)
    {
        append(all, io.prepare(i, {Cmd::write, area.middle, area.unit},
                               Bytes(area.unit, std::byte(i))));
    }
    peer.send(all, "16 writes at once");
    while (io.outstanding() > 0 && !peer.stopped())
    {
        if (const auto reply = io.receive())
        {
            peer.want(reply->succeeded(), nameOf(reply->error), "success");
        }
    }
    for (const std::byte byte : io.read(area.middle, area.unit))
    {
        peer.want(byte >= std::byte{1} && byte <= std::byte{16},
                  fmt::format("{:#04x}", std::to_integer<unsigned>(byte)),
                  "0x01 to 0x10");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.multi-conn.flush",
        .spec = "proto.md, Transmission flags",
        .says = multiSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE and NBD_CMD_FLUSH, then NBD_CMD_READ by a "
                 "client that had read before, where NBD_FLAG_CAN_MULTI_CONN "
                 "is set",
        .wants = "the data that was written",
        .writes = true,
        .run = [](Peer& peer) { return seenByAnother(peer, 0, true); },
    },
    {
        .id = "nbd.multi-conn.fua",
        .spec = "proto.md, Transmission flags",
        .says = multiSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE with NBD_CMD_FLAG_FUA, then NBD_CMD_READ by a "
                 "client that had read before, where NBD_FLAG_CAN_MULTI_CONN "
                 "is set",
        .wants = "the data that was written",
        .writes = true,
        .run =
            [](Peer& peer) { return seenByAnother(peer, commandFua, false); },
    },
};

} // namespace

const Area parallelArea{"requests in parallel, and on two connections", cases};

} // namespace conformance::nbd
