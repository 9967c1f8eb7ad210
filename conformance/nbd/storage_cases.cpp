// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/block_status.hpp"
#include "conformance/nbd/exchange.hpp"
#include "conformance/nbd/extended_reply.hpp"
#include "conformance/nbd/meta.hpp"

#include <fmt/format.h>

#include <algorithm>

/// What is below the server goes wrong, or is of an unusual kind.
namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view readSpec =
    "proto.md, Request types, NBD_CMD_READ (0)";
constexpr std::string_view writeSpec =
    "proto.md, Request types, NBD_CMD_WRITE (1)";
constexpr std::string_view fuaSpec = "proto.md, Command flags";
constexpr std::string_view fuaSays =
    "If the server receives a command with `NBD_CMD_FLAG_FUA` set it MUST NOT "
    "send its reply to that command until all write operations (if any) "
    "associated with that command have been completed and persisted to "
    "non-volatile storage.";

constexpr Needs failing = Needs::plain | Needs::failing;
constexpr Needs full = Needs::plain | Needs::full;
constexpr Needs unstable = Needs::plain | Needs::flushFails;

/// Nothing is lent here: what is below takes no write, or takes it back.
Bytes content(const Exchange& io)
{
    return Bytes(io.block(), std::byte{0x5a});
}

/// Any error, and the next request gets a reply of its own.
void wantFailure(Exchange& io, const Ask& ask, ByteView payload = {})
{
    for (int n = 0; n < 2; ++n)
    {
        if (const auto reply = io.answer(ask, payload))
        {
            io.peer().want(!reply->succeeded(), "success of " + describe(ask),
                           "an error");
        }
    }
}

/// A flush that fails must show where the reply stands for stable data.
Verdict wantUnstable(Exchange& io, const Ask& ask, ByteView payload = {})
{
    // A server may know that it has nothing to flush.
    io.answer({Cmd::write, 0, io.block()}, content(io));
    const auto flush = io.answer({Cmd::flush});
    if (flush && flush->succeeded())
    {
        io.peer().conclude(
            notApplicable("NBD_CMD_FLUSH succeeds: the storage is stable "
                          "without it"));
    }
    wantFailure(io, ask, payload);
    io.wantInStep();
    return io.verdict();
}

/// The simple reply to a read that cannot be done: an error and nothing
/// behind it, or no more than the beginning of the data.
void wantReadFailure(Peer& peer, uint32_t length)
{
    const auto error =
        peer.wantSimpleReply(peer.sendRequest(Cmd::read, 0, length));
    if (!error || *error != ErrorValue::none)
    {
        return;
    }
    const Received data = peer.channel()->receive(length, peer.patience());
    peer.note(fmt::format("{} bytes came{}", data.bytes.size(),
                          data.ended == Ended::closed ? ", closed" : ""));
    peer.want(data.ended == Ended::closed,
              fmt::format("success, and {} bytes", data.bytes.size()),
              "an error; behind the header of a success, a hard disconnect");
}

constexpr Case cases[] = {
    {
        .id = "nbd.read.storage-fails",
        .spec = readSpec,
        .says = "If an error occurs while reading after the server has "
                "already sent out the reply header with an error field set to "
                "zero (i.e., signalling no error), the server MUST "
                "immediately initiate a hard disconnect",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of what the storage fails to read, twice",
        .wants = "errors without data, or a hard disconnect",
        .needs = failing,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    peer.allowClose(true);
    for (int n = 0; n < 2; ++n)
    {
        wantReadFailure(peer, io.block());
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.structured.read-storage-fails",
        .spec = readSpec,
        .says = "The server MUST include an error chunk as one of the "
                "subsequent chunks, but MAY defer the error reporting behind "
                "other queued chunks.",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_READ of what the storage fails to read, with "
                 "structured replies, twice",
        .wants = "error chunks",
        .needs = failing,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::structured);
    wantFailure(io, {Cmd::read, 0, io.block()});
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.storage-fails",
        .spec = writeSpec,
        .says = "If an error occurs, the server MUST set the appropriate "
                "error code in the error field.",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE that the storage fails to write, twice",
        .wants = "an error each",
        .writes = true,
        .needs = failing,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    wantFailure(io, {Cmd::write, 0, io.block()}, content(io));
    return peer.verdict();
},
    },
    {
        .id = "nbd.write.storage-full",
        .spec = "proto.md, Error values",
        .says = "It also SHOULD map the `EDQUOT` and `EFBIG` errors to "
                "`NBD_ENOSPC`.",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE for which the storage has no room",
        .wants = "NBD_ENOSPC, and the next request is answered",
        .writes = true,
        .needs = full,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.wantError({Cmd::write, io.lastBlock(), io.block()}, {ErrorValue::enospc},
                 content(io));
    return peer.verdict();
},
    },
    {
        .id = "nbd.flush.storage-fails",
        .spec = "proto.md, Request types, NBD_CMD_FLUSH (3)",
        .says = "The server MUST NOT send a successful reply header for this "
                "request before all write requests for which a reply has "
                "already been sent to the client have reached permanent "
                "storage (using fsync() or similar).",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE, NBD_CMD_FLUSH to a storage that fails to "
                 "make it stable",
        .wants = "an error to one of them",
        .writes = true,
        .needs = unstable,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFlush, "SEND_FLUSH");
    const auto write = io.answer({Cmd::write, 0, io.block()}, content(io));
    if (write && write->succeeded())
    {
        wantFailure(io, {Cmd::flush});
    }
    io.wantInStep();
    return peer.verdict();
},
    },
    {
        .id = "nbd.fua.write.storage-fails",
        .spec = fuaSpec,
        .says = fuaSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE with NBD_CMD_FLAG_FUA to a storage that takes "
                 "it, and fails to make it stable",
        .wants = "an error",
        .writes = true,
        .needs = unstable,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFua, "SEND_FUA");
    io.needs(sendFlush, "SEND_FLUSH");
    return wantUnstable(io, {Cmd::write, 0, io.block(), commandFua},
                        content(io));
},
    },
    {
        .id = "nbd.fua.zero.storage-fails",
        .spec = fuaSpec,
        .says = fuaSays,
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_CMD_WRITE_ZEROES with NBD_CMD_FLAG_FUA to a storage "
                 "that takes it, and fails to make it stable",
        .wants = "an error",
        .writes = true,
        .needs = unstable,
        .run =
            [](Peer& peer) {
    Exchange io(peer);
    io.needs(sendFua, "SEND_FUA");
    io.needs(sendFlush, "SEND_FLUSH");
    io.needs(sendWriteZeroes, "SEND_WRITE_ZEROES");
    return wantUnstable(io, {Cmd::writeZeroes, 0, io.block(), commandFua});
},
    },
    {
        .id = "nbd.option.set-meta-context.second-export",
        .spec = "proto.md, Option types, NBD_OPT_SET_META_CONTEXT (10)",
        .says = "where the final time it was sent, it referred to the "
                "same export name that was ultimately selected for "
                "transmission phase",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT for another export that there is, "
                 "NBD_OPT_GO, NBD_CMD_BLOCK_STATUS",
        .wants = "an error to the command",
        .needs = Needs::plain | Needs::severalExports,
        .run =
            [](Peer& peer) {
    const auto& names = peer.profile().listed;
    const auto other =
        names ? std::ranges::find_if(*names,
                                     [&peer](const std::string& name) {
        return name != peer.profile().exportName;
    })
              : std::vector<std::string>::const_iterator{};
    if (!names || other == names->end())
    {
        return leaveOut(peer, "the target lists no second export");
    }
    Conversation talk(peer, Replies::structured);
    talk.negotiate();
    meta::ask(peer, Opt::setMetaContext, *other, {allocationContext});
    if (meta::contexts(peer, Opt::setMetaContext).empty())
    {
        return leaveOut(peer, "the other export has no base:allocation");
    }
    talk.go({Info::blockSize});
    const auto reply = talk.ask(Cmd::blockStatus, 0, 4096);
    peer.want(!reply || reply->error != ErrorValue::none, "success",
              "NBD_EINVAL: no context is selected for this export");
    return talk.wantInStep();
},
    },
    {
        .id = "nbd.abuse.many-extents",
        .spec = "proto.md, Structured reply types",
        .says = "An export with more extents than a reply may hold is no way "
                "to a reply without end: it has at most 8 MiB and 4 bytes.",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_CMD_BLOCK_STATUS of up to 4 GiB with a million extents",
        .wants = "at most 2^20 descriptors, and the next request is answered",
        .needs = Needs::plain | Needs::fragmented,
        .run =
            [](Peer& peer) {
    Exchange io(peer, Form::statuses);
    const auto length = static_cast<uint32_t>(
        std::min<uint64_t>(io.lastBlock() + io.block(), 0U - io.block()));
    const auto found = statusOf(io, 0, length);
    peer.want(found.size() <= 1 << 20,
              fmt::format("{} descriptors", found.size()));
    if (found.size() < 1000)
    {
        peer.conclude(notApplicable(
            fmt::format("the export shows {} extents", found.size())));
    }
    io.wantInStep();
    return peer.verdict();
},
    },
};

} // namespace

const Area storageArea{"storage", cases};

} // namespace conformance::nbd
