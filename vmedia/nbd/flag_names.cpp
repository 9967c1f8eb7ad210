// SPDX-License-Identifier: Apache-2.0
#include "flag_names.hpp"

#include "chunk.hpp"

#include <fmt/format.h>

#include <span>
#include <string_view>

namespace vmedia::nbd
{

namespace
{

struct FlagName
{
    uint64_t flag;
    std::string_view name;
};

std::string namesOf(std::span<const FlagName> names, uint64_t flags)
{
    std::string text = fmt::format("{:#x}", flags);
    std::string_view between = ": ";
    for (const FlagName& one : names)
    {
        if ((flags & one.flag) != 0)
        {
            text += fmt::format("{}{}", between, one.name);
            between = ", ";
        }
    }
    return text;
}

constexpr FlagName handshake[] = {
    {fixedNewstyle, "NBD_FLAG_FIXED_NEWSTYLE"},
    {noZeroes, "NBD_FLAG_NO_ZEROES"},
};

constexpr FlagName client[] = {
    {clientFixedNewstyle, "NBD_FLAG_C_FIXED_NEWSTYLE"},
    {clientNoZeroes, "NBD_FLAG_C_NO_ZEROES"},
};

constexpr FlagName transmission[] = {
    {hasFlags, "NBD_FLAG_HAS_FLAGS"},
    {readOnly, "NBD_FLAG_READ_ONLY"},
    {sendFlush, "NBD_FLAG_SEND_FLUSH"},
    {sendFua, "NBD_FLAG_SEND_FUA"},
    {rotational, "NBD_FLAG_ROTATIONAL"},
    {sendTrim, "NBD_FLAG_SEND_TRIM"},
    {sendWriteZeroes, "NBD_FLAG_SEND_WRITE_ZEROES"},
    {sendDf, "NBD_FLAG_SEND_DF"},
    {canMultiConn, "NBD_FLAG_CAN_MULTI_CONN"},
    {sendResize, "NBD_FLAG_SEND_RESIZE"},
    {sendCache, "NBD_FLAG_SEND_CACHE"},
    {sendFastZero, "NBD_FLAG_SEND_FAST_ZERO"},
    {blockStatusPayload, "NBD_FLAG_BLOCK_STATUS_PAYLOAD"},
};

constexpr FlagName command[] = {
    {commandFua, "NBD_CMD_FLAG_FUA"},
    {commandNoHole, "NBD_CMD_FLAG_NO_HOLE"},
    {commandDf, "NBD_CMD_FLAG_DF"},
    {commandReqOne, "NBD_CMD_FLAG_REQ_ONE"},
    {commandFastZero, "NBD_CMD_FLAG_FAST_ZERO"},
    {commandPayloadLen, "NBD_CMD_FLAG_PAYLOAD_LEN"},
};

constexpr FlagName reply[] = {{replyDone, "NBD_REPLY_FLAG_DONE"}};

constexpr FlagName allocation[] = {
    {stateHole, "NBD_STATE_HOLE"},
    {stateZero, "NBD_STATE_ZERO"},
};

} // namespace

std::string handshakeFlagNames(uint16_t flags)
{
    return namesOf(handshake, flags);
}

std::string clientFlagNames(uint32_t flags)
{
    return namesOf(client, flags);
}

std::string transmissionFlagNames(uint16_t flags)
{
    return namesOf(transmission, flags);
}

std::string commandFlagNames(uint16_t flags)
{
    return namesOf(command, flags);
}

std::string replyFlagNames(uint16_t flags)
{
    return namesOf(reply, flags);
}

std::string allocationFlagNames(uint64_t flags)
{
    return namesOf(allocation, flags);
}

} // namespace vmedia::nbd
