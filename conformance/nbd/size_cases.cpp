// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/extended_reply.hpp"
#include "conformance/nbd/steps.hpp"
#include "conformance/nbd/work_area.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

/// Requests of all sizes, in transmission.
namespace
{

constexpr std::string_view sizeSpec = "proto.md, Size constraints";
/// As much as no minimum block size is larger than; less of a small export.
uint32_t aligned(const Conversation& talk)
{
    constexpr uint32_t minimumMax = 1 << 16; // "larger than 2^16 (65,536)"
    return talk.size() % minimumMax == 0 ? minimumMax : 1024;
}

/// "any payload not exceeding 2^25 (33,554,432) bytes"
constexpr uint32_t payloadMax = 1 << 25;

Verdict readOnlyExport(Peer& peer)
{
    return leaveOut(peer, "the export is read-only");
}

Verdict smallExport(Peer& peer)
{
    return leaveOut(peer, "the export is smaller than 32 MiB");
}

/// What a case overwrites at the beginning of the export, if it can: another
/// client reads it first, and puts it back when the case is over.
class Kept
{
  public:
    Kept(Peer& peer, uint64_t size) : client(peer.another())
    {
        client.start();
        io.emplace(client);
        const uint64_t end = std::min(size, io->lastBlock() + io->block());
        for (uint64_t at = 0; at < end && !client.stopped(); at += piece)
        {
            io->borrow(at, static_cast<uint32_t>(std::min(piece, end - at)));
        }
    }

  private:
    static constexpr uint64_t piece = 1 << 20;
    Peer client;
    std::optional<Exchange> io{};
};

/// A minimum block size above 1 is told, on a connection of its own.
bool tellsMinimum(Peer& peer)
{
    Peer other = peer.another();
    other.start();
    return minimumTold(other) > 1;
}

std::string outcome(const Peer& peer, const std::optional<WholeReply>& reply)
{
    return reply                   ? nameOf(reply->error)
           : peer.closedByTarget() ? "closes the connection"
                                   : "no answer";
}

constexpr Case cases[] = {
    {
        .id = "nbd.size.unaligned-write-is-clean",
        .spec = sizeSpec,
        .says = "a server that enforces stricter size constraints than "
                "the defaults MUST cleanly error commands that fall "
                "outside the constraints without corrupting data",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 3 bytes at offset 509, without having "
                 "asked for block sizes",
        .wants = "an error and nothing changed, or just those 3 bytes "
                 "changed",
        .writes = true,
        .run =
            [](Peer& peer) {
    const Kept kept(peer, 1 << 16);
    Conversation talk(peer, Replies::simple);
    talk.go();
    if (talk.has(readOnly))
    {
        return readOnlyExport(peer);
    }
    Bytes content = talk.read(0, aligned(talk));
    constexpr size_t at = 509;
    const Bytes data = {~content[at], ~content[at + 1], ~content[at + 2]};
    const auto reply = talk.ask(Cmd::write, at, data.size(), 0, data);
    if (reply && reply->error == ErrorValue::none)
    {
        std::ranges::copy(data, content.begin() + at);
    }
    peer.want(talk.read(0, aligned(talk)) == content,
              "another content around them");
    return peer.verdict();
},
    },
    {
        .id = "nbd.size.one-byte",
        .spec = sizeSpec,
        .says = "If size constraints have not been advertised or agreed "
                "on externally, then a server SHOULD support a default "
                "minimum block size of 1",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 1 byte at offset 511",
        .wants = "the byte, where the minimum is 1 or none is told",
        .run =
            [](Peer& peer) {
    if (tellsMinimum(peer))
    {
        return leaveOut(peer, "the minimum block size is not 1");
    }
    Conversation talk(peer, Replies::simple);
    talk.go();
    const Bytes content = talk.read(0, aligned(talk));
    const Bytes one = talk.read(511, 1);
    peer.want(one.front() == content[511], dump(one),
              "the byte that a longer read gives");
    return peer.verdict();
},
    },
    {
        .id = "nbd.size.one-byte-write",
        .spec = sizeSpec,
        .says = "If size constraints have not been advertised or agreed "
                "on externally, then a server SHOULD support a default "
                "minimum block size of 1",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 1 byte at offset 513",
        .wants = "success, and that byte alone changed",
        .writes = true,
        .run =
            [](Peer& peer) {
    if (tellsMinimum(peer))
    {
        return leaveOut(peer, "the minimum block size is not 1");
    }
    const Kept kept(peer, 1 << 16);
    Conversation talk(peer, Replies::simple);
    talk.go();
    if (talk.has(readOnly))
    {
        return readOnlyExport(peer);
    }
    Bytes content = talk.read(0, aligned(talk));
    content[513] = ~content[513];
    talk.wantError(talk.ask(Cmd::write, 513, 1, 0, Bytes{content[513]}),
                   {ErrorValue::none});
    peer.want(talk.read(0, aligned(talk)) == content,
              "another content around them");
    return peer.verdict();
},
    },
    {
        .id = "nbd.size.large-payload-read",
        .spec = sizeSpec,
        .says = "If size constraints have not been advertised or agreed "
                "on externally, then a server SHOULD support ... a "
                "maximum payload size that is at least 2^25 (33,554,432) "
                "(even if the export size is smaller)",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 33554432 bytes",
        .wants = "the data, and a request after it",
        .needs = Needs::plain | Needs::large,
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::simple);
    talk.go();
    if (talk.size() < payloadMax)
    {
        return smallExport(peer);
    }
    talk.read(0, payloadMax);
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.size.large-payload-write",
        .spec = sizeSpec,
        .says = "If size constraints have not been advertised or agreed "
                "on externally, then a server SHOULD support ... a "
                "maximum payload size that is at least 2^25 (33,554,432) "
                "(even if the export size is smaller)",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 33554432 bytes",
        .wants = "success, and the data where it belongs",
        .writes = true,
        .needs = Needs::plain | Needs::large,
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::simple);
    talk.go();
    if (talk.has(readOnly))
    {
        return readOnlyExport(peer);
    }
    if (talk.size() < payloadMax)
    {
        return smallExport(peer);
    }
    const Kept kept(peer, payloadMax);
    const Bytes data = noise(peer.random(), payloadMax);
    talk.wantError(talk.ask(Cmd::write, 0, data.size(), 0, data),
                   {ErrorValue::none});
    peer.want(talk.read(0, payloadMax) == data, "other data read back");
    return peer.verdict();
},
    },
    {
        .id = "nbd.size.payload-within-limit-read",
        .spec = sizeSpec,
        .says = "any payload not exceeding 2^25 (33,554,432) bytes SHOULD "
                "NOT be considered a denial of service attack, even if "
                "that length is larger than the advertised maximum "
                "payload size",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of 33554432 bytes, whatever the maximum",
        .wants = "data or an error, and a request after it",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::simple);
    talk.go();
    talk.ask(Cmd::read, 0, payloadMax);
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.size.payload-within-limit-write",
        .spec = sizeSpec,
        .says = "any payload not exceeding 2^25 (33,554,432) bytes SHOULD "
                "NOT be considered a denial of service attack, even if "
                "that length is larger than the advertised maximum "
                "payload size",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 33554432 bytes, whatever the maximum",
        .wants = "success or an error, and a request after it",
        .writes = true,
        .run =
            [](Peer& peer) {
    const Kept kept(peer, payloadMax);
    Conversation talk(peer, Replies::simple);
    talk.go();
    const Bytes data(payloadMax);
    talk.ask(Cmd::write, 0, data.size(), 0, data);
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.size.payload-beyond-limit",
        .spec = sizeSpec,
        .says = "either the server or the client MAY initiate a hard "
                "disconnect if a payload length of either a request or a "
                "reply would be large enough to be deemed a denial of "
                "service attack",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE of 33558528 bytes, and NBD_CMD_READ of as "
                 "many",
        .wants = "an answer in step or a closed connection, each",
        .writes = true,
        .run =
            [](Peer& peer) {
    constexpr uint32_t size = payloadMax + 4096;
    const Kept kept(peer, size);
    Conversation talk(peer, Replies::simple);
    talk.go();
    peer.allowClose(true);
    const auto read = talk.ask(Cmd::read, 0, size);
    const std::string readText = outcome(peer, read);
    if (peer.closedByTarget())
    {
        peer.start();
        talk.go();
    }
    const Bytes data(size);
    const auto written = talk.ask(Cmd::write, 0, size, 0, data);
    const std::string writeText = outcome(peer, written);
    talk.wantInStep();
    peer.conclude(noted("read: " + readText + "; write: " + writeText));
    return peer.verdict();
},
    },
    {
        .id = "nbd.size.effect-beyond-payload",
        .spec = sizeSpec,
        .says = "the client MAY request an effect length larger than the "
                "maximum payload size; the server SHOULD NOT disconnect, "
                "but MAY reply with an `NBD_EOVERFLOW` or `NBD_EINVAL` "
                "error",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_TRIM and NBD_CMD_WRITE_ZEROES of 64 MiB, as far "
                 "as they are advertised",
        .wants = "success or an error, and a request after it",
        .writes = true,
        .run =
            [](Peer& peer) {
    const Kept kept(peer, uint64_t{2} * payloadMax);
    Conversation talk(peer, Replies::simple);
    talk.go();
    if (!talk.has(sendTrim) && !talk.has(sendWriteZeroes))
    {
        return leaveOut(peer, "neither trim nor write zeroes is advertised");
    }
    for (const auto& [flag, type] :
         {std::pair{sendTrim, Cmd::trim}, {sendWriteZeroes, Cmd::writeZeroes}})
    {
        if (talk.has(flag))
        {
            talk.wantError(talk.ask(type, 0, uint64_t{2} * payloadMax),
                           {ErrorValue::none, ErrorValue::einval,
                            ErrorValue::eoverflow, ErrorValue::enospc});
            talk.wantInStep();
        }
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.size.status-beyond-payload",
        .spec = sizeSpec,
        .says = "For commands that do not require a payload in either "
                "direction (such as `NBD_CMD_TRIM` or "
                "`NBD_CMD_WRITE_ZEROES`), the client MAY request an "
                "effect length larger than the maximum payload size; the "
                "server SHOULD NOT disconnect",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of 64 MiB",
        .wants = "success or an error, and a request after it",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    selectAllocation(peer);
    talk.go();
    talk.wantError(
        talk.ask(Cmd::blockStatus, 0, uint64_t{2} * payloadMax),
        {ErrorValue::none, ErrorValue::einval, ErrorValue::eoverflow});
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.size.last-byte",
        .spec = "proto.md, Transmission flags; Size constraints",
        .says = "During transmission phase, several operations are "
                "constrained by the export size sent by the final "
                "`NBD_OPT_EXPORT_NAME` or `NBD_OPT_GO`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of the last 64 KiB (512 bytes of an odd "
                 "export), and of as many from there on",
        .wants = "the data; then an error, for the export ends there",
        .run =
            [](Peer& peer) {
    Conversation talk(peer, Replies::simple);
    talk.go();
    const uint64_t end = talk.size();
    if (end % 512 != 0 && tellsMinimum(peer))
    {
        return leaveOut(peer, "the size is no multiple of the block size");
    }
    const uint32_t size = end % 512 != 0 ? 512 : aligned(talk);
    talk.read(end - size, size);
    const auto beyond = talk.ask(Cmd::read, end, size);
    peer.want(!beyond || beyond->error != ErrorValue::none,
              "success behind the end", "an error");
    return talk.wantInStep();
},
    },
};

} // namespace

const Area sizeArea{"size", cases};

} // namespace conformance::nbd
