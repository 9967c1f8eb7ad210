// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/deviations.hpp"
#include "defects.hpp"

#include <algorithm>

namespace conformance::nbd
{

using namespace deviations;

namespace
{

using Action = Plan::Action;

constexpr uint32_t payloadMax = 1 << 25;

auto isOf(Cmd type, uint64_t length)
{
    return [=](const Command& command) {
        return command.type == type && command.length == length;
    };
}

bool asksForSizes(const Option& option)
{
    const auto request = decodeInfoRequest(option.data);
    return (option.code == Opt::info || option.code == Opt::go) && request &&
           std::ranges::find(request->wanted, Info::blockSize) !=
               request->wanted.end();
}

/// No NBD_INFO_BLOCK_SIZE is told, whatever else is.
Deviation tellsNoSizes()
{
    return {.step = [](const Option&, Step& step) {
        std::erase_if(step.replies, [](const OptionReply& reply) {
            return decodeInfoBlockSize(reply.data).has_value();
        });
    }};
}

Deviation tells(InfoBlockSize sizes, uint64_t exportSize)
{
    return in(Opt::info, [=](const Option&, Step& step) {
        for (OptionReply& reply : step.replies)
        {
            if (decodeInfoBlockSize(reply.data))
            {
                const auto data = encode(sizes);
                reply.data.assign(data.begin(), data.end());
            }
            else if (const auto info = decodeInfoExport(reply.data))
            {
                const auto data = encode(InfoExport{exportSize, info->flags});
                reply.data.assign(data.begin(), data.end());
            }
        }
    });
}

void addSizingDefects(Defects& all)
{
    all["nbd.block-size.maximum-is-a-mebibyte"] = tells({1, 4096, 65536},
                                                        1 << 20);
    all["nbd.block-size.size-is-a-multiple"] = tells({4096, 4096, 32U << 20},
                                                     (1 << 20) + 1);
    all["nbd.block-size.enforced-is-told"] = tellsNoSizes();
    all["nbd.block-size.refusal-tells-sizes"] = tellsNoSizes();
    all["nbd.block-size.asked-for-is-enough"] = answers(asksForSizes,
                                                        Rep::errBlockSizeReqd);
    all["nbd.block-size.not-required-for-defaults"] =
        answers([](const Option& option) {
        return option.code == Opt::go && !asksForSizes(option);
    }, Rep::errBlockSizeReqd);
    all["nbd.block-size.export-name"] = {
        .step = [count = std::make_shared<std::atomic<int>>(0)](
                    const Option& option, Step& step) {
        // The first one is to see whether the server is there at all.
        if (option.code == Opt::exportName && ++*count > 1)
        {
            step = {};
        }
    }};
    all["nbd.block-size.unaligned-read"] = plans(isOf(Cmd::read, 2048),
                                                 {Action::read});
}

} // namespace

void addSizeDefects(Defects& all)
{
    addSizingDefects(all);
    all["nbd.size.unaligned-write-is-clean"] = {
        .plan = [](Command& command, Plan&) {
        command.offset &= ~uint64_t{3}; // its neighbours suffer
    }};
    all["nbd.size.one-byte"] = plans(isOf(Cmd::read, 1), refused);
    all["nbd.size.one-byte-write"] = plans(isOf(Cmd::write, 1), refused);
    all["nbd.size.large-payload-read"] = plans(isOf(Cmd::read, payloadMax),
                                               refused);
    all["nbd.size.large-payload-write"] = plans(isOf(Cmd::write, payloadMax),
                                                refused);
    all["nbd.size.payload-within-limit-read"] =
        plans(isOf(Cmd::read, payloadMax), hangsUp);
    all["nbd.size.payload-within-limit-write"] =
        plans(isOf(Cmd::write, payloadMax), hangsUp);
    all["nbd.size.payload-beyond-limit"] = {
        .plan = [](Command& command, Plan&) {
        if (command.length > payloadMax)
        {
            ::_exit(1); // as if it had no memory for that
        }
    }};
    all["nbd.size.effect-beyond-payload"] =
        plans(isOf(Cmd::trim, uint64_t{2} * payloadMax), hangsUp);
    all["nbd.size.status-beyond-payload"] =
        plans(isOf(Cmd::blockStatus, uint64_t{2} * payloadMax), hangsUp);
    all["nbd.size.last-byte"] = plans([](const Command& command) {
        return command.offset + command.length == 1 << 20;
    }, refused);
}

} // namespace conformance::nbd
