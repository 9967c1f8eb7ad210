// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace conformance::ws
{

using namespace deviations;

namespace
{

using namespace vmedia::nbd::literals;

// NBD's magics, as its proto.md has them
constexpr auto optionMagic = "49484156454f5054"_hex;
constexpr auto requestMagic = "25609513"_hex;
constexpr size_t requestSize = 28;
constexpr uint64_t ofBmcweb = 131088; // 128 KiB and a reply's header

/// What @p piece has from the second @p magic on is lost.
template <size_t size>
Deviation losesSecond(std::array<std::byte, size> magic)
{
    return {.deliver = [magic](const Header&, uint64_t, Bytes& piece) {
        const auto first = std::search(piece.begin(), piece.end(),
                                       magic.begin(), magic.end());
        if (first != piece.end())
        {
            const auto next = std::search(first + size, piece.end(),
                                          magic.begin(), magic.end());
            piece.erase(next, piece.end());
        }
    }};
}

bool isRequest(ByteView piece)
{
    const size_t size = std::min(piece.size(), requestMagic.size());
    return size > 0 &&
           std::equal(piece.begin(), piece.begin() + ptrdiff_t(size),
                      requestMagic.begin());
}

void addNbdDefects(Defects& all)
{
    for (const unsigned length : {1U, 2U, 8U, 16U, 17U})
    {
        all[fmt::format("ws.nbd.greeting-split-{}", length)] = losesAfter(
            [length, first = true](const Header& header, ByteView) mutable {
            return std::exchange(first, false) && header.length == length;
        });
    }
    const auto losesSingle = [](int nth) {
        return losesAfter(
            [nth, count = 0](const Header& header, ByteView) mutable {
            count += header.length == 1 ? 1 : 0;
            return count == nth;
        });
    };
    all["ws.nbd.greeting-18x1"] = losesSingle(10);
    all["ws.nbd.frames-of-1-byte"] = losesSingle(2000);
    all["ws.nbd.option-split-every-offset"] =
        losesAfter([](const Header& header, ByteView) {
        return header.length == 9; // just behind the magic
    });
    all["ws.nbd.option-and-next-in-one"] = losesSecond(optionMagic);
    all["ws.nbd.two-coalesced"] = losesSecond(requestMagic);
    for (const unsigned length : {1U, 15U, 16U, 17U})
    {
        all[fmt::format("ws.nbd.request-split-{}", length)] =
            losesAfter([length](const Header& header, ByteView piece) {
            return header.length == length && isRequest(piece);
        });
    }
    all["ws.nbd.request-in-one-message"] = {
        .deliver = [](const Header&, uint64_t offset, Bytes& piece) {
        if (offset == 0 && isRequest(piece) && piece.size() > requestSize)
        {
            piece.resize(requestSize);
        }
    }};
    all["ws.nbd.zero-length-between"] = rules([](const Header& header) {
        return header.length == 0 && header.opcode == Opcode::binary;
    }, failed);
    all["ws.nbd.ping-between-header-and-data"] = rules(opcodeIs(Opcode::ping),
                                                       skipped);
    all["ws.nbd.close-between-header-and-data"] = rules(opcodeIs(Opcode::close),
                                                        stalled);
    for (const unsigned count : {1U, 2U, 3U, 33U})
    {
        const uint64_t least = 131072 / count;
        all[fmt::format("ws.nbd.128k-in-{}", count)] =
            corrupts([least](const Header& header, uint64_t, ByteView) {
            return header.length >= least && header.length <= least + 32;
        });
    }
    all["ws.nbd.error-then-success"] = {
        .send = [refused = false](std::vector<Frame>& frames) mutable {
        const Bytes& data = frames.front().payload;
        constexpr auto replyMagic = "67446698"_hex;
        if (refused)
        {
            frames.clear();
        }
        else if (data.size() >= 8 &&
                 std::ranges::equal(ByteView(data).first(4), replyMagic))
        {
            refused = std::ranges::any_of(
                ByteView(data).subspan(4, 4),
                [](std::byte one) { return one != std::byte{}; });
        }
    }};
}

void addLimitDefects(Defects& all)
{
    for (const auto& [name, length] : {std::pair{"131072", uint64_t{131072}},
                                       {"131088", ofBmcweb},
                                       {"131089", ofBmcweb + 1},
                                       {"262144", 262144},
                                       {"1m", 1 << 20},
                                       {"16m", 16 << 20},
                                       {"16m-1", (16 << 20) + 1}})
    {
        all[fmt::format("ws.lim.msg-{}", name)] = rules(lengthIs(length),
                                                        stalled);
    }
    const MatchFrame isTooBig = [](const Header& header) {
        return header.length > 16 << 20;
    };
    all["ws.lim.declared-only-16m"] = {.frame = [=](Header& header, Ruling&) {
        if (isTooBig(header))
        {
            dies(); // of the memory it would take
        }
    }};
    all["ws.lim.frags-total-over-cap"] = {
        .frame = [](Header& header, Ruling& ruling) {
        if (ruling.code == 1009 && header.opcode == Opcode::continuation)
        {
            ruling = stalled;
        }
    }};
    all["ws.lim.nbd-reply-split-any"] = {
        .deliver = [sum = uint64_t{0}](const Header&, uint64_t,
                                       Bytes& piece) mutable {
        sum += piece.size();
        if (sum > 1 << 20 && !piece.empty())
        {
            piece.back() ^= std::byte{1};
        }
    }};
    all["ws.lim.nbd-coalesce-2-replies"] = {
        .deliver = [](const Header&, uint64_t offset, Bytes& piece) {
        if (offset >= ofBmcweb)
        {
            piece.clear();
        }
    }};
    all["ws.lim.qd-8x128k-stalled-reader"] = {.stallsUnread = true};
    all["ws.lim.unbounded-out"] = {.takesAllOutput = true};
    all["ws.lim.rss-after-1000-sessions"] = {.leaksMemory = true};
    all["ws.lim.fd-leak-1000"] = {.leaksDescriptors = true};
}

} // namespace

void addDeliveryDefects(Defects& all)
{
    addNbdDefects(all);
    addLimitDefects(all);
}

} // namespace conformance::ws
