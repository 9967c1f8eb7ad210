// SPDX-License-Identifier: Apache-2.0
#include "command_defects.hpp"
#include "conformance/nbd/deviations.hpp"
#include "defects.hpp"

#include <algorithm>

namespace conformance::nbd
{

using namespace deviations;

namespace
{

/// Without a handshake flag, and so without the client flag of that bit.
Deviation without(uint16_t flag)
{
    return {.greeting = [flag](Bytes& greeting) {
        greeting.back() &= static_cast<std::byte>(~flag);
    }, .clientFlags = [flag](uint32_t flags, Phase& next) {
        next = (flags & flag) != 0 ? Phase::closed : next;
    }};
}

constexpr uint32_t blockSize = 4096;

/// Enforces block sizes, so it insists on being asked for them.
void insist(const Option& option, Step& step)
{
    const auto request = decodeInfoRequest(option.data);
    if ((option.code != Opt::info && option.code != Opt::go) || !request ||
        isError(step.replies.back().type))
    {
        return;
    }
    const auto sizes = encode(InfoBlockSize{blockSize, blockSize, 32U << 20});
    const Bytes data(sizes.begin(), sizes.end());
    if (std::ranges::find(request->wanted, Info::blockSize) ==
        request->wanted.end())
    {
        step = {Phase::options,
                {{option.code, Rep::info, data},
                 {option.code, Rep::errBlockSizeReqd}}};
        return;
    }
    for (OptionReply& reply : step.replies)
    {
        if (decodeInfoBlockSize(reply.data))
        {
            reply.data = data;
        }
    }
}

} // namespace

Defects variants()
{
    const auto unaligned = [](const Command& command) {
        // Of NBD_CMD_BLOCK_STATUS with a payload it is that which has a length.
        const bool hasRange = command.type != Cmd::disc &&
                              (command.type == Cmd::write ||
                               (command.flags & commandPayloadLen) == 0);
        return hasRange && (command.offset % blockSize != 0 ||
                            command.length % blockSize != 0);
    };
    Deviation blocks = plans(unaligned, refused);
    blocks.step = insist;
    const auto makesStable = [](const Command& command) {
        return command.type == Cmd::flush || (command.flags & commandFua) != 0;
    };
    return {{"no-zeroes-flag", without(noZeroes)},
            {"not-fixed", without(fixedNewstyle)},
            {"blocks", blocks},
            {"flush-fails",
             plans(makesStable, {Plan::Action::refuse, ErrorValue::eio})},
            {"fragmented", tellsExtents(1 << 20)}};
}

} // namespace conformance::nbd
