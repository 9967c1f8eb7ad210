// SPDX-License-Identifier: Apache-2.0
#include "reply.hpp"

namespace vmedia::nbd
{

namespace
{

/// "suitable for direct display to a human being" ("NBD_REPLY_TYPE_ERROR")
std::string_view textOf(ErrorValue error)
{
    switch (error)
    {
        case ErrorValue::none:
            return "success";
        case ErrorValue::eperm:
            return "the export is read-only";
        case ErrorValue::eio:
            return "the storage behind the export failed";
        case ErrorValue::enomem:
            return "out of memory";
        case ErrorValue::einval:
            return "the request is not valid for this export";
        case ErrorValue::enospc:
            return "beyond the end of the export, or its storage is full";
        case ErrorValue::eoverflow:
            return "the request is larger than this server takes";
        case ErrorValue::enotsup:
            return "not possible, or not fast";
        case ErrorValue::eshutdown:
            return "the server is being shut down";
    }
    return "error";
}

uint32_t statusOf(const exports::Extent& extent)
{
    return (extent.hole ? stateHole : 0U) | (extent.zero ? stateZero : 0U);
}

} // namespace

void ReplyWriter::chunk(const Command& command, Chunk type, uint16_t flags,
                        uint32_t length)
{
    if (replies == Replies::extended)
    {
        out.append(encode(ExtendedChunkHeader{flags, type, command.cookie,
                                              command.offset, length}));
    }
    else
    {
        out.append(encode(ChunkHeader{flags, type, command.cookie, length}));
    }
}

void ReplyWriter::success(const Command& command)
{
    if (replies == Replies::simple)
    {
        out.append(encode(SimpleReply{ErrorValue::none, command.cookie}));
        return;
    }
    chunk(command, Chunk::none, replyDone, 0);
}

void ReplyWriter::error(const Command& command, ErrorValue error)
{
    if (replies == Replies::simple)
    {
        out.append(encode(SimpleReply{error, command.cookie}));
        return;
    }
    const std::string_view text = textOf(error);
    const auto length = static_cast<uint16_t>(text.size());
    chunk(command, Chunk::error, replyDone, 6U + length);
    out.append(pack<6>(error, length));
    std::memcpy(out.grow(length).data(), text.data(), length);
}

bool ReplyWriter::failed(const Command& command, size_t from, int errorNumber)
{
    if (errorNumber == 0)
    {
        return false;
    }
    out.shrink(from); // an error reply carries no data
    error(command, toErrorValue(errorNumber));
    return true;
}

void ReplyWriter::dataHeader(const Command& command)
{
    if (replies == Replies::simple)
    {
        out.append(encode(SimpleReply{ErrorValue::none, command.cookie}));
        return;
    }
    chunk(command, Chunk::offsetData, replyDone,
          8 + static_cast<uint32_t>(command.length));
    out.append(pack<8>(command.offset));
}

bool ReplyWriter::data(const Command& command, const Fill& fill)
{
    const size_t from = out.bytes().size();
    if (replies != Replies::simple && command.length == 0)
    {
        success(command); // OFFSET_DATA has at least one byte of it
        return true;
    }
    dataHeader(command);
    return !failed(command, from,
                   fill(out.grow(command.length), command.offset));
}

void ReplyWriter::data(const Command& command, ByteView borrowed)
{
    dataHeader(command);
    out.borrow(borrowed);
}

bool ReplyWriter::dataAndHoles(const Command& command,
                               std::span<const exports::Extent> extents,
                               const Fill& fill)
{
    const size_t from = out.bytes().size();
    uint64_t offset = command.offset;
    for (const exports::Extent& extent : extents)
    {
        const uint16_t flags = &extent == &extents.back() ? replyDone : 0;
        const auto length = static_cast<uint32_t>(extent.length);
        if (extent.zero)
        {
            chunk(command, Chunk::offsetHole, flags, 12);
            out.append(pack<12>(offset, length));
        }
        else
        {
            chunk(command, Chunk::offsetData, flags, 8 + length);
            out.append(pack<8>(offset));
            if (failed(command, from, fill(out.grow(length), offset)))
            {
                return false;
            }
        }
        offset += length;
    }
    return true;
}

void ReplyWriter::blockStatus(const Command& command,
                              std::span<const exports::Extent> extents)
{
    const auto count = static_cast<uint32_t>(extents.size());
    if (replies == Replies::extended)
    {
        chunk(command, Chunk::blockStatusExt, replyDone, 8 + 16 * count);
        out.append(pack<8>(allocationId, count));
        for (const exports::Extent& extent : extents)
        {
            out.append(pack<16>(extent.length, uint64_t{statusOf(extent)}));
        }
        return;
    }
    chunk(command, Chunk::blockStatus, replyDone, 4 + 8 * count);
    out.append(pack<4>(allocationId));
    for (const exports::Extent& extent : extents)
    {
        out.append(
            pack<8>(static_cast<uint32_t>(extent.length), statusOf(extent)));
    }
}

} // namespace vmedia::nbd
