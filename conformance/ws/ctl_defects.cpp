// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

using namespace deviations;

namespace
{

/// One bit of a message's last fragment is wrong if it is the @p nth.
Deviation corruptsLast(int nth)
{
    return {.deliver = [nth, count = 0](const Header& header, uint64_t offset,
                                        Bytes& piece) mutable {
        count = header.opcode != Opcode::continuation ? 1
                : offset == 0                         ? count + 1
                                                      : count;
        if (count == nth && header.fin && !piece.empty())
        {
            piece.back() ^= std::byte{1};
        }
    }};
}

void addFragmentDefects(Defects& all)
{
    all["ws.frag.2"] = corruptsLast(2);
    all["ws.frag.3"] = corruptsLast(3);
    all["ws.frag.18x1"] = corruptsLast(18);
    const auto rejectsEmpty = [](bool first, bool fin) {
        return rules([=](const Header& header) {
            return header.length == 0 && header.fin == fin &&
                   header.opcode ==
                       (first ? Opcode::binary : Opcode::continuation);
        }, failed);
    };
    all["ws.frag.zero-first"] = rejectsEmpty(true, false);
    all["ws.frag.zero-mid"] = rejectsEmpty(false, false);
    all["ws.frag.zero-last"] = rejectsEmpty(false, true);
    all["ws.frag.all-zero"] = {
        .frame = [sum = uint64_t{0}](Header& header, Ruling& ruling) mutable {
        if (isControl(header.opcode))
        {
            return;
        }
        sum = header.length + (header.opcode == Opcode::continuation ? sum : 0);
        if (header.fin && sum == 0)
        {
            ruling = failed;
        }
    }};
    all["ws.frag.ping-between"] = rulesInside(opcodeIs(Opcode::ping), skipped);
    all["ws.frag.pong-between"] = rulesInside(opcodeIs(Opcode::pong), failed);
    all["ws.frag.pings-between"] = rulesInside(opcodeIs(Opcode::ping), failed);
    all["ws.frag.close-inside"] = rulesInside(opcodeIs(Opcode::close), skipped);
    for (const bool fin : {false, true})
    {
        all[fmt::format("ws.frag.cont-first-fin{}", fin ? 1 : 0)] =
            takes([fin](const Header& header) {
            return header.opcode == Opcode::continuation && header.fin == fin;
        });
    }
    all["ws.frag.new-data-inside"] = takes(opcodeIs(Opcode::binary));
    all["ws.frag.text-inside-binary"] = {
        .frame = [inside = false](Header& header, Ruling& ruling) mutable {
        ruling = inside && header.opcode == Opcode::text ? Ruling{} : ruling;
        inside = isControl(header.opcode) ? inside : !header.fin;
    }};
    for (const auto& [name, opcode] : {std::pair{"ping", Opcode::ping},
                                       {"pong", Opcode::pong},
                                       {"close", Opcode::close}})
    {
        all[fmt::format("ws.frag.ctl-fin0-{}", name)] =
            takes([opcode = opcode](const Header& header) {
            return header.opcode == opcode && !header.fin;
        });
    }
    all["ws.frag.10000x1"] = {
        .frame = [count = 0](Header& header, Ruling&) mutable {
        count += header.opcode == Opcode::continuation ? 1 : 0;
        if (count > 5000)
        {
            dies();
        }
    }};
    all["ws.frag.endless"] = rules(opcodeIs(Opcode::continuation), stalled);
}

/// Pongs that match are lost, or are others.
Deviation pongs(std::function<bool(Bytes& payload)> loses)
{
    return sends(Opcode::pong, [loses](std::vector<Frame>& frames) {
        if (loses(frames.front().payload))
        {
            frames.clear();
        }
    });
}

void addPingDefects(Defects& all)
{
    for (const unsigned size : {0U, 5U, 125U})
    {
        all[fmt::format("ws.ctl.ping-{}", size)] = pongs(
            [size](const Bytes& payload) { return payload.size() == size; });
    }
    all["ws.ctl.ping-binary"] = pongs([](Bytes& payload) {
        for (std::byte& one : payload)
        {
            one &= std::byte{0x7F}; // as if it were text
        }
        return false;
    });
    all["ws.ctl.ping-bytewise"] = corruptsSingles(4);
    all["ws.ctl.ping-x10"] = {
        .send = [count = 0](std::vector<Frame>& frames) mutable {
        if (frames.front().opcode == Opcode::pong && ++count > 5)
        {
            frames.clear();
        }
    }};
    const Deviation diesOfMany{
        .frame = [count = 0](Header& header, Ruling&) mutable {
        if (header.opcode == Opcode::ping && ++count > 5000)
        {
            dies();
        }
    }};
    all["ws.ctl.ping-x10000"] = diesOfMany;
    all["ws.lim.10k-pings-unread"] = diesOfMany;
    all["ws.ctl.pong-unsolicited"] = rules(opcodeIs(Opcode::pong), failed);
    all["ws.ctl.pong-with-wrong-payload"] = rules(opcodeIs(Opcode::pong),
                                                  failed);
    all["ws.ctl.ping-latency-under-load"] = {
        .send = [sum = size_t{0}](std::vector<Frame>& frames) mutable {
        sum += frames.front().payload.size();
        if (frames.front().opcode == Opcode::pong && sum > 1 << 20)
        {
            frames.clear();
        }
    }};
    all["ws.ctl.server-keepalive"] = {
        .control = [](const Header& header, Bytes& body, Ruling&) {
        if (header.opcode == Opcode::pong && body.size() == 6)
        {
            dies(); // of the answer to its own ping
        }
    }};
    all["ws.ctl.keepalive-no-pong"] = neverExpires(Deadline::What::pong);
}

} // namespace

void addControlDefects(Defects& all)
{
    addFragmentDefects(all);
    addPingDefects(all);
}

} // namespace conformance::ws
