// SPDX-License-Identifier: Apache-2.0
#include "command_defects.hpp"
#include "defects.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

using Action = Plan::Action;

constexpr Cmd unknownCommand{0x7777};
constexpr uint16_t unknownFlag = 1 << 15;
/// What the cases write into at once: 8 units of 16 KiB.
constexpr uint64_t middleSize = 128 << 10;
constexpr uint64_t areaSize = 256 << 10;

/// Requests with that magic are taken for good ones.
Deviation takesMagic(uint32_t magic)
{
    return {.received = [magic](std::span<std::byte> piece) {
        if (piece.size() >= Request::wireSize && Reader{piece}.u32() == magic)
        {
            std::ranges::copy(pack<4>(requestMagic), piece.begin());
        }
    }};
}

/// The n-th request of that type on a connection is treated so.
Deviation onNth(Cmd type, int n, Plan todo)
{
    return {.plan = [=, seen = 0](Command& request, Plan& plan) mutable {
        if (request.type == type && ++seen == n)
        {
            plan = todo;
        }
    }};
}

/// The n-th reply to a request of that type is changed.
Deviation
    onNthReply(Cmd type, int n,
               std::function<void(const Command& request, Bytes& bytes)> change)
{
    return {
        .reply = [=, seen = 0](const Command& request, Bytes& bytes) mutable {
        if (request.type == type && ++seen == n)
        {
            change(request, bytes);
        }
    }};
}

/// The first byte of data of a simple reply to NBD_CMD_READ.
void spoilData(const Command&, Bytes& bytes)
{
    if (bytes.size() > SimpleReply::wireSize)
    {
        bytes[SimpleReply::wireSize] ^= std::byte{0xff};
    }
}

void addFramingDefects(Defects& all)
{
    all["nbd.reply.cookie-opaque"] = mistakes(is(Cmd::read),
                                              [](Command& request) {
        request.cookie &= ~(uint64_t{1} << 63); // a sign lost on the way
    });
    all["nbd.reply.simple-without-negotiation"] = changesReply(
        is(unknownCommand), [](const Command& request, Bytes& bytes) {
        bytes.clear();
        append(bytes,
               encode(ChunkHeader{replyDone, Chunk::none, request.cookie, 0}));
    });
    all["nbd.reply.duplicate-cookie"] = {
        .reply = [last = uint64_t{0}](const Command& request,
                                      Bytes& bytes) mutable {
        if (std::exchange(last, request.cookie) == request.cookie)
        {
            bytes.clear(); // "answered already"
        }
    }};
    all["nbd.request.wrong-magic"] = takesMagic(0x25609500);
    all["nbd.request.reserved-magic"] = takesMagic(0x12560953);
    all["nbd.request.extended-unnegotiated"] = takesMagic(extendedRequestMagic);
    all["nbd.command.unknown.no-payload"] =
        mistakes(is(Cmd{0x63}),
                 [](Command& request) { request.payload = request.length; });
    all["nbd.command.resize-unadvertised"] = answers(is(Cmd::resize),
                                                     ErrorValue::eperm);
    all["nbd.error.defined-values"] = answers(is(Cmd::resize), ErrorValue{38});
    all["nbd.error.no-overflow"] = answers(is(unknownCommand),
                                           ErrorValue::eoverflow);
    all["nbd.error.no-not-supported"] = answers(is(unknownCommand),
                                                ErrorValue::enotsup);
    all["nbd.error.no-out-of-memory"] = answers(isOf(Cmd::read, 72 << 20),
                                                ErrorValue::enomem);
    all["nbd.error.keeps-connection"] = onNth(Cmd::cache, 8, {Action::giveUp});
}

void addFlagDefects(Defects& all)
{
    const auto takes = [](uint16_t flag) {
        return carriesOut(isWith(Cmd::read, flag), Action::read);
    };
    all["nbd.read.unknown-flag"] = takes(unknownFlag);
    all["nbd.read.inapplicable-flag"] = takes(commandNoHole);
    all["nbd.read.df-without-structured-replies"] = takes(commandDf);
    all["nbd.read.payload-length-flag"] = takes(commandPayloadLen);
    all["nbd.fua.unadvertised"] = takes(commandFua);
    all["nbd.fua.reading-commands"] = answers(isWith(Cmd::read, commandFua),
                                              ErrorValue::einval);
    all["nbd.fua.block-status"] = answers(isWith(Cmd::blockStatus, commandFua),
                                          ErrorValue::einval);
    all["nbd.fua.writing-commands"] = answers(isWith(Cmd::write, commandFua),
                                              ErrorValue::einval);
    all["nbd.trim.fua"] = answers(isWith(Cmd::trim, commandFua),
                                  ErrorValue::einval);
}

void addReadDefects(Defects& all)
{
    all["nbd.read.same-in-parts"] = changesReply([](const Command& request) {
        return request.type == Cmd::read && request.length != 64 << 10;
    }, spoilData);
    all["nbd.read.unaligned"] = answers([](const Command& request) {
        return request.type == Cmd::read && request.length % 512 != 0;
    }, ErrorValue::einval);
    all["nbd.read.last-byte"] = answers(isOf(Cmd::read, 1), ErrorValue::einval);
    all["nbd.read.outside"] = refusesWith([](const Command& request) {
        return request.type == Cmd::read && request.offset > uint64_t{1} << 63;
    }, ErrorValue::eio);
    all["nbd.read.length-zero"] = hangsUpOn(isOf(Cmd::read, 0));
    all["nbd.read.data-and-hole"] = changesReply(
        isOf(Cmd::read, areaSize), [](const Command&, Bytes& bytes) {
        bytes.at(bytes.size() / 2) ^= std::byte{1};
    });
}

void addWriteDefects(Defects& all)
{
    const Matches write = is(Cmd::write);
    all["nbd.write.read-back"] = answers(write, ErrorValue::none);
    all["nbd.write.unaligned"] = answers([](const Command& request) {
        return request.type == Cmd::write && request.length % 512 != 0;
    }, ErrorValue::einval);
    all["nbd.write.beyond-end"] = refusesWith(write, ErrorValue::einval);
    // What fits is written, and the rest is an error.
    all["nbd.write.beyond-end.changes-nothing"] = {
        .plan = [](Command& request, Plan& todo) {
        if (request.type == Cmd::write && todo.action == Action::refuse)
        {
            request.offset -= request.length - 512;
            todo = {Action::write};
        }
    }, .reply = [](const Command& request, Bytes& bytes) {
        if (isOf(Cmd::write, 8192)(request))
        {
            put(bytes, 4, static_cast<uint32_t>(ErrorValue::enospc));
        }
    }};
    all["nbd.write.refused.payload-skipped"] =
        mistakes(isWith(Cmd::write, unknownFlag),
                 [](Command& request) { request.payload = 0; });
    all["nbd.write.unknown-flag"] = carriesOut(isWith(Cmd::write, unknownFlag),
                                               Action::write);
    all["nbd.write.inapplicable-flag"] =
        carriesOut(isWith(Cmd::write, commandReqOne), Action::write);
    all["nbd.write.length-zero"] = hangsUpOn(isOf(Cmd::write, 0));
    all["nbd.write.read-only"] = answers(write, ErrorValue::none);
    all["nbd.write.read-only.error"] = answers(write, ErrorValue::eio);
    all["nbd.write.half-payload"] = mistakes(isOf(Cmd::write, middleSize),
                                             [](Command&) { ::_exit(1); });
}

void addHintDefects(Defects& all)
{
    all["nbd.flush.answered"] = answers(is(Cmd::flush), ErrorValue::einval);
    all["nbd.flush.offset-and-length"] = hangsUpOn(isOf(Cmd::flush, 512));
    all["nbd.flush.unadvertised"] = answers(is(Cmd::flush), ErrorValue::none);
    const Matches trim = is(Cmd::trim);
    all["nbd.trim.only-its-range"] =
        mistakes(isOf(Cmd::trim, middleSize),
                 [](Command& request) { request.length += 512; });
    all["nbd.trim.beyond-end"] = refusesWith(trim, ErrorValue::eio);
    all["nbd.trim.length-zero"] = hangsUpOn(isOf(Cmd::trim, 0));
    all["nbd.trim.unknown-flag"] = carriesOut(isWith(Cmd::trim, unknownFlag),
                                              Action::trim);
    all["nbd.trim.read-only"] = answers(trim, ErrorValue::eio);
    all["nbd.trim.unadvertised"] = answers(trim, ErrorValue::none);
    all["nbd.cache.same-content"] = {
        .reply = [cached = false](const Command& request,
                                  Bytes& bytes) mutable {
        cached = cached || request.type == Cmd::cache;
        if (cached && request.type == Cmd::read)
        {
            spoilData(request, bytes);
        }
    }};
    all["nbd.cache.unknown-flag"] = carriesOut(isWith(Cmd::cache, unknownFlag),
                                               Action::cache);
    all["nbd.cache.any-answer"] = answers(is(Cmd::cache), ErrorValue::eio);
    all["nbd.cache.beyond-end"] = refusesWith(is(Cmd::cache), ErrorValue::eio);
}

void addZeroDefects(Defects& all)
{
    const Matches zero = is(Cmd::writeZeroes);
    const Matches noHole = isWith(Cmd::writeZeroes, commandNoHole);
    const Matches fast = isWith(Cmd::writeZeroes, commandFastZero);
    all["nbd.zero.content"] = answers(zero, ErrorValue::none);
    all["nbd.zero.unaligned"] =
        mistakes(isOf(Cmd::writeZeroes, 5001),
                 [](Command& request) { --request.length; });
    all["nbd.zero.no-hole"] = answers(noHole, ErrorValue::einval);
    all["nbd.zero.no-hole.allocates"] = mistakes(noHole, [](Command& request) {
        request.flags &= static_cast<uint16_t>(~commandNoHole);
    });
    all["nbd.zero.beyond-end"] = refusesWith(zero, ErrorValue::einval);
    all["nbd.zero.read-only"] = answers(zero, ErrorValue::eio);
    all["nbd.zero.length-zero"] = hangsUpOn(isOf(Cmd::writeZeroes, 0));
    all["nbd.zero.fast"] = answers(fast, ErrorValue::none);
    all["nbd.zero.slow-is-no-error"] = answers(noHole, ErrorValue::enotsup);
    all["nbd.zero.fast-unadvertised"] = answers(fast, ErrorValue::enotsup);
    all["nbd.zero.large"] = hangsUpOn([](const Command& request) {
        return request.type == Cmd::writeZeroes && request.length > uint64_t{1}
                                                                        << 31;
    });
}

void addParallelDefects(Defects& all)
{
    all["nbd.parallel.reads"] = onNthReply(Cmd::read, 100,
                                           [](const Command&, Bytes& bytes) {
        const Bytes again = bytes;
        append(bytes, again);
    });
    all["nbd.parallel.structured-reads"] =
        onNthReply(Cmd::read, 100, [](const Command& request, Bytes& bytes) {
        append(bytes,
               encode(ChunkHeader{replyDone, Chunk::none, request.cookie, 0}));
    });
    all["nbd.parallel.unread-replies"] = onNth(Cmd::read, 1000,
                                               {Action::giveUp});
    all["nbd.parallel.mixed"] = mistakes([](const Command& request) {
        return request.type == Cmd::writeZeroes && request.length > 1;
    }, [](Command& request) { --request.length; });
    all["nbd.parallel.overlapping-writes"] = {
        .reply = [writes = 0](const Command& request, Bytes& bytes) mutable {
        writes += request.type == Cmd::write ? 1 : 0;
        if (writes >= 16 && request.type == Cmd::read)
        {
            spoilData(request, bytes);
        }
    }};
    all["nbd.multi-conn.flush"] = answers(is(Cmd::write), ErrorValue::none);
    all["nbd.multi-conn.fua"] = answers(isWith(Cmd::write, commandFua),
                                        ErrorValue::none);
}

void addDisconnectDefects(Defects& all)
{
    all["nbd.disc.no-reply"] = answers(isWith(Cmd::disc, commandFua),
                                       ErrorValue::einval);
    all["nbd.disc.after-reads"] = onNthReply(
        Cmd::read, 8, [](const Command&, Bytes& bytes) { bytes.clear(); });
    all["nbd.disc.after-writes"] = onNth(Cmd::write, 8,
                                         {Action::refuse, ErrorValue::none});
    Deviation staysOpen = answers(is(Cmd::disc), ErrorValue::none);
    staysOpen.reply = [](const Command& request, Bytes& bytes) {
        if (request.type == Cmd::disc)
        {
            bytes.clear();
        }
    };
    all["nbd.disc.then-request"] = staysOpen;
}

} // namespace

void addRequestDefects(Defects& all)
{
    addFramingDefects(all);
    addFlagDefects(all);
    addReadDefects(all);
    addWriteDefects(all);
    addHintDefects(all);
    addZeroDefects(all);
    addParallelDefects(all);
    addDisconnectDefects(all);
}

} // namespace conformance::nbd
