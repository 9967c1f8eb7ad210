// SPDX-License-Identifier: Apache-2.0
#include "command_defects.hpp"
#include "defects.hpp"

#include <unistd.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr Cmd unknownCommand{0x7777};
constexpr uint16_t unknownFlag = 1 << 15;
constexpr uint32_t maximumPayload = 32U << 20;
// Where things are in a chunk
constexpr size_t flagsAt = 4;
constexpr size_t lengthAt = 16;
constexpr size_t payloadAt = ChunkHeader::wireSize;
constexpr size_t descriptorAt = payloadAt + 4;

void add(Bytes& bytes, size_t at, uint32_t value)
{
    put(bytes, at, get(bytes, at) + value);
}

bool isChunk(const Bytes& bytes, Chunk type)
{
    return bytes.size() >= payloadAt && get(bytes, 0) == structuredReplyMagic &&
           (get(bytes, flagsAt) & 0xffff) == static_cast<uint32_t>(type);
}

/// The answer to NBD_CMD_BLOCK_STATUS is changed where there is one.
template <typename Change>
Deviation changesStatus(Change change)
{
    return changesReply(is(Cmd::blockStatus),
                        [=](const Command& request, Bytes& bytes) {
        if (isChunk(bytes, Chunk::blockStatus))
        {
            change(request, bytes);
        }
    });
}

/// Structured replies to reads are changed once the client has written.
template <typename Change>
Deviation changesReadAfterWrite(Change change)
{
    return {.reply = [=, wrote = false](const Command& request,
                                        Bytes& bytes) mutable {
        wrote = wrote || request.type == Cmd::write;
        if (wrote && request.type == Cmd::read &&
            isChunk(bytes, Chunk::offsetData))
        {
            change(request, bytes);
        }
    }};
}

Bytes dataChunk(const Command& request, uint16_t flags, uint64_t offset,
                uint32_t length)
{
    Bytes bytes;
    append(bytes, encode(ChunkHeader{flags, Chunk::offsetData, request.cookie,
                                     8 + length}));
    append(bytes, offset);
    bytes.resize(bytes.size() + length);
    return bytes;
}

void answerSimply(const Command& request, Bytes& bytes)
{
    bytes.clear();
    append(bytes, encode(SimpleReply{ErrorValue::einval, request.cookie}));
}

void addStatusDefects(Defects& all)
{
    const auto status = is(Cmd::blockStatus);
    all["nbd.block-status.one-chunk"] =
        changesStatus([](const Command&, Bytes& bytes) {
        add(bytes, payloadAt, 7); // the id of no context
    });
    all["nbd.block-status.chunk-length"] =
        changesStatus([](const Command&, Bytes& bytes) {
        add(bytes, lengthAt, 4);
        append(bytes, uint32_t{0});
    });
    all["nbd.block-status.req-one"] =
        changesStatus([](const Command& request, Bytes& bytes) {
        if ((request.flags & commandReqOne) != 0)
        {
            add(bytes, descriptorAt, 512);
        }
    });
    all["nbd.block-status.within-request"] =
        changesStatus([](const Command&, Bytes& bytes) {
        add(bytes, lengthAt, 8);
        append(bytes, uint32_t{512});
        append(bytes, uint32_t{0});
    });
    all["nbd.block-status.beyond-end"] = refusesWith(status, ErrorValue::eio);
    all["nbd.block-status.length-zero"] = hangsUpOn(isOf(Cmd::blockStatus, 0));
    all["nbd.block-status.no-context"] = refusesWith(status,
                                                     ErrorValue::enotsup);
    all["nbd.block-status.no-context.structured"] =
        refusesWith(status, ErrorValue::enotsup);
    all["nbd.block-status.reserved-flags-clear"] = changesStatus(
        [](const Command&, Bytes& bytes) { add(bytes, descriptorAt + 4, 4); });
    all["nbd.block-status.zeroes-are-zero"] =
        changesStatus([](const Command&, Bytes& bytes) {
        put(bytes, descriptorAt + 4, stateZero);
    });
    all["nbd.block-status.whole-export"] =
        changesStatus([](const Command&, Bytes& bytes) {
        put(bytes, descriptorAt, 0); // and so a client never gets further
    });
    all["nbd.block-status.extents-per-chunk"] = tellsExtents((1 << 20) + 1);
    all["nbd.block-status.extents-aligned"] = changesStatus(
        [](const Command&, Bytes& bytes) { add(bytes, descriptorAt, 0U - 1); });
    all["nbd.block-status.longest"] = mistakes(
        isOf(Cmd::blockStatus, 0xffffffff), [](Command&) { ::_exit(1); });
    all["nbd.block-status.allocated-is-writable"] = {
        .plan = [told = false](Command& request, Plan& todo) mutable {
        told = told || request.type == Cmd::blockStatus;
        if (told && request.type == Cmd::write)
        {
            todo = {Plan::Action::refuse, ErrorValue::enospc};
        }
    }};
}

void addReplyDefects(Defects& all)
{
    all["nbd.structured.reads"] = changesReply(isWith(Cmd::read, unknownFlag),
                                               answerSimply);
    all["nbd.structured.errors"] = changesReply(is(unknownCommand),
                                                answerSimply);
    all["nbd.structured.other-commands"] = hangsUpOn(is(Cmd::cache));
    all["nbd.structured.done-is-last"] = changesReply(
        is(unknownCommand), [](const Command& request, Bytes& bytes) {
        append(bytes,
               encode(ChunkHeader{replyDone, Chunk::none, request.cookie, 0}));
    });
    all["nbd.structured.unknown-reply-flags-clear"] =
        changesReply(is(Cmd::read), [](const Command&, Bytes& bytes) {
        bytes.at(flagsAt + 1) |= std::byte{2};
    });
    all["nbd.structured.none-chunk"] =
        changesReply(is(Cmd::flush), [](const Command&, Bytes& bytes) {
        add(bytes, lengthAt, 4);
        append(bytes, uint32_t{0});
    });
    all["nbd.structured.error-chunks"] =
        changesReply(is(unknownCommand), [](const Command&, Bytes& bytes) {
        bytes.at(payloadAt + 4) = std::byte{0x10}; // of the message's length
    });
    all["nbd.structured.one-error-chunk"] =
        changesReply(is(unknownCommand), [](const Command&, Bytes& bytes) {
        const Bytes again = bytes;
        bytes.at(flagsAt + 1) &= ~std::byte{replyDone};
        append(bytes, again);
    });
}

void addContentDefects(Defects& all)
{
    all["nbd.structured.data-chunks"] =
        changesReadAfterWrite([](const Command&, Bytes& bytes) {
        add(bytes, payloadAt + 4, 0U - 512); // begins before the request
    });
    all["nbd.structured.hole-chunks"] =
        changesReadAfterWrite([](const Command&, Bytes& bytes) {
        const size_t hole = payloadAt + get(bytes, lengthAt);
        put(bytes, hole + payloadAt + 8, 0x7fffffff);
    });
    all["nbd.structured.read-is-covered"] =
        changesReply(is(Cmd::read), [](const Command& request, Bytes& bytes) {
        constexpr uint32_t missing = 512;
        if (isChunk(bytes, Chunk::offsetData) && request.length > missing)
        {
            add(bytes, lengthAt, 0U - missing);
            bytes.resize(bytes.size() - missing);
        }
    });
    all["nbd.structured.same-as-simple"] = changesReadAfterWrite(
        [](const Command&, Bytes& bytes) { bytes.back() ^= std::byte{1}; });
    all["nbd.structured.df-one-chunk"] = mistakes(isWith(Cmd::read, commandDf),
                                                  [](Command& request) {
        request.flags &= static_cast<uint16_t>(~commandDf);
    });
    all["nbd.structured.df-small"] = answers(isWith(Cmd::read, commandDf),
                                             ErrorValue::eoverflow);
    all["nbd.structured.df-large"] = answers(isWith(Cmd::read, commandDf),
                                             ErrorValue::einval);
    all["nbd.structured.chunk-boundaries"] =
        changesReadAfterWrite([](const Command& request, Bytes& bytes) {
        bytes = dataChunk(request, 0, request.offset, 100);
        append(bytes, dataChunk(request, replyDone, request.offset + 100,
                                static_cast<uint32_t>(request.length) - 100));
    });
    all["nbd.structured.read-length-zero"] = hangsUpOn(isOf(Cmd::read, 0));
    const auto isLarge = [](const Command& request) {
        return request.type == Cmd::read && request.length > maximumPayload;
    };
    all["nbd.structured.chunk-within-maximum"] =
        changesReply(isLarge, [](const Command& request, Bytes& bytes) {
        bytes = dataChunk(request, replyDone, request.offset,
                          static_cast<uint32_t>(request.length));
    });
    all["nbd.structured.read-above-maximum"] = hangsUpOn(isLarge);
}

} // namespace

Deviation tellsExtents(uint32_t count)
{
    return changesStatus([count](const Command& request, Bytes& bytes) {
        bytes.clear();
        append(bytes, encode(ChunkHeader{replyDone, Chunk::blockStatus,
                                         request.cookie, 4 + 8 * count}));
        append(bytes, allocationId);
        for (uint32_t i = 0; i < count; ++i)
        {
            append(bytes, pack<8>(uint32_t{1}, i % 2));
        }
    });
}

void addChunkDefects(Defects& all)
{
    addStatusDefects(all);
    addReplyDefects(all);
    addContentDefects(all);
}

} // namespace conformance::nbd
