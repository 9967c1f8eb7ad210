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

/// Where what lies in a reply with an extended header.
enum At : size_t
{
    typeLow = 7,
    offsetLow = 23,
    countLow = 39, ///< of NBD_REPLY_TYPE_BLOCK_STATUS_EXT
    statusHigh = 48,
};

Deviation sets(Cmd type, At at, uint8_t value)
{
    return replies(type,
                   [=](Bytes& bytes) { bytes.at(at) = std::byte{value}; });
}

/// After NBD_OPT_EXTENDED_HEADERS, @p change sees the options.
Deviation onceExtended(Change change)
{
    return {.step = [change, extended = false](const Option& option,
                                               Step& step) mutable {
        if (extended)
        {
            change(option, step);
        }
        extended = extended || option.code == Opt::extendedHeaders;
    }};
}

void addOptionDefects(Defects& all)
{
    const Match asked = is(Opt::extendedHeaders);
    all["nbd.option.extended-headers.answered"] = neverAnswers(asked);
    all["nbd.option.extended-headers.data-refused"] =
        answers([](const Option& option) {
        return option.code == Opt::extendedHeaders && !option.data.empty();
    }, Rep::ack);
    all["nbd.option.extended-headers.precede-structured-replies"] =
        onceExtended([](const Option& option, Step& step) {
        if (option.code == Opt::structuredReply)
        {
            step = {Phase::options, {{option.code, Rep::ack}}};
        }
    });
    all["nbd.option.extended-headers.either-way"] = {
        .step = [structured = false](const Option& option, Step& step) mutable {
        if (option.code == Opt::extendedHeaders && !structured)
        {
            step = {Phase::options, {{option.code, Rep::errInvalid}}};
        }
        structured = structured || option.code == Opt::structuredReply;
    }};
    all["nbd.extended-headers.go"] =
        onceExtended([](const Option& option, Step& step) {
        if (option.code == Opt::go)
        {
            step = {Phase::options, {{option.code, Rep::errUnsup}}};
        }
    });
    all["nbd.extended-headers.export-name"] =
        onceExtended([](const Option& option, Step& step) {
        step = option.code == Opt::exportName ? Step{} : step;
    });
    all["nbd.option.meta-context.base-needs-no-extended-headers"] =
        answers(is(Opt::setMetaContext), Rep::errExtHeaderReqd);
}

void addExtendedRequestDefects(Defects& all)
{
    all["nbd.extended-headers.compact-request"] = {
        .received = [](std::span<std::byte> piece) {
        constexpr size_t size = ExtendedRequest::wireSize;
        if (piece.size() == size &&
            std::ranges::equal(piece.first(4), pack<4>(requestMagic)))
        {
            std::ranges::copy(encode(ExtendedRequest{0, Cmd::read, 0, 0, 512}),
                              piece.begin());
        }
    }};
    all["nbd.extended-headers.write-without-payload"] =
        plans([](const Command& command) {
        return command.type == Cmd::write && command.payload == 0;
    }, {Action::flush});
    all["nbd.extended-headers.unexpected-payload"] =
        plans([](const Command& command) {
        return command.type == Cmd::read && command.payload != 0;
    }, hangsUp);
    all["nbd.extended-headers.payload-beyond-limit"] = {
        .plan = [](Command& command, Plan& todo) {
        if (command.payload > 1 << 30)
        {
            command.payload = 0;
            todo = refused;
        }
    }};
    all["nbd.extended-headers.long-effect"] = {
        .plan = [](Command& command, Plan& todo) {
        if (command.type == Cmd::writeZeroes)
        {
            command.length &= 0xffffffff; // kept in a variable too small
            todo = {Action::zero};
        }
    }};
    all["nbd.extended-headers.length-wraps"] = {
        .plan = [](Command& command, Plan& todo) {
        if (command.length == ~uint64_t{511}) // offset + length is 0
        {
            command.length = 0;
            todo = {Action::read};
        }
    }};
}

} // namespace

void addExtendedDefects(Defects& all)
{
    addOptionDefects(all);
    addExtendedRequestDefects(all);
    all["nbd.extended-headers.offset"] = sets(Cmd::read, offsetLow, 1);
    all["nbd.extended-headers.no-simple-reply"] = {
        .reply = [](const Command& command, Bytes& bytes) {
        if (command.type == Cmd::flush)
        {
            const auto simple =
                encode(SimpleReply{ErrorValue::none, command.cookie});
            bytes.assign(simple.begin(), simple.end());
        }
    }};
    all["nbd.block-status.extended-chunk"] = sets(Cmd::blockStatus, countLow,
                                                  2);
    all["nbd.block-status.high-bits-clear"] = sets(Cmd::blockStatus, statusHigh,
                                                   1);
    all["nbd.block-status.narrow-chunk-before-extended-headers"] =
        sets(Cmd::blockStatus, typeLow, 6);
    all["nbd.block-status.wide-chunk-with-extended-headers"] =
        sets(Cmd::blockStatus, typeLow, 5);
    all["nbd.transmission-flags.status-payload-needs-extended-headers"] =
        in(Opt::go, [](const Option&, Step& step) {
        for (OptionReply& reply : step.replies)
        {
            if (decodeInfoExport(reply.data))
            {
                reply.data[10] |= std::byte{blockStatusPayload >> 8};
            }
        }
    });
    all["nbd.block-status.payload-selects"] = plans(
        [](const Command& command) { return command.payload == 12; }, refused);
    all["nbd.block-status.payload-refused"] = plans(
        [](const Command& command) { return command.payload == 16; }, hangsUp);
}

} // namespace conformance::nbd
