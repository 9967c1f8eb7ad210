// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

using namespace deviations;

namespace
{

/// Our Close with that code has another one; 0: it is not sent.
Deviation saysInsteadOf(uint16_t code, uint16_t other)
{
    return sends(Opcode::close, [=](std::vector<Frame>& frames) {
        if (codeOf(frames.front().payload) != code)
        {
            return;
        }
        if (other == 0)
        {
            frames.clear();
            return;
        }
        frames.front().payload = closeBody(other);
    });
}

void addCodeDefects(Defects& all)
{
    const auto withCode = [](int code, const Ruling& ruling) {
        return rulesClose(
            [code](ByteView body) { return codeOf(body) == code; }, ruling);
    };
    for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
                           1012, 1013, 1014, 3000, 3999, 4000, 4999})
    {
        all[fmt::format("ws.cls.code-{}", code)] = withCode(
            code, code == 1002 ? stalled : failed); // which says 1002, too
    }
    for (const int code :
         {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999})
    {
        all[fmt::format("ws.cls.code-{}", code)] = withCode(code, {});
    }
    for (const int code : {5000, 65535})
    {
        all[fmt::format("ws.cls.code-{}", code)] = withCode(code, stalled);
    }
}

void addBodyDefects(Defects& all)
{
    all["ws.cls.empty"] = sends(Opcode::close, [](std::vector<Frame>& frames) {
        if (frames.front().payload.empty())
        {
            frames.front().payload = closeBody(1005);
        }
    });
    all["ws.cls.1000"] = saysInsteadOf(1000, 1006);
    for (const unsigned size : {0U, 1U, 123U})
    {
        all[fmt::format("ws.cls.reason-{}", size)] =
            rulesClose([size](ByteView body) {
            return body.size() == 2 + size && codeOf(body) == 1000;
        }, stalled);
    }
    all["ws.cls.len-1"] =
        rulesClose([](ByteView body) { return body.size() == 1; }, {});
    all["ws.cls.reason-124"] = takes([](const Header& header) {
        return header.opcode == Opcode::close && header.length == 126;
    });
    all["ws.cls.reason-bad-utf8"] = rulesClose([](ByteView body) {
        return body.size() > 2 && !isUtf8(body.subspan(2));
    }, {});
}

void addOrderDefects(Defects& all)
{
    const auto closed = [](Why why) { return why == Why::closed; };
    const auto vanished = [](Why why) { return why == Why::vanished; };
    all["ws.cls.twice"] = {.readsOn = true};
    all["ws.cls.ping-after"] = {.readsOn = true};
    all["ws.cls.data-after"] = {.readsOn = true};
    all["ws.cls.server-closes-tcp"] = endsAs(closed, Ending::never);
    all["ws.cls.no-fin-from-us"] = endsAs(closed, Ending::never);
    all["ws.cls.never-reply"] = neverExpires(Deadline::What::close);
    all["ws.cls.big-then-close"] = {
        .frame = [sum = uint64_t{0}](Header& header, Ruling& ruling) mutable {
        sum += header.length;
        if (header.opcode == Opcode::close && sum > 200000)
        {
            ruling = stalled;
        }
    }};
    all["ws.cls.nbd-disc"] = sends(Opcode::close,
                                   [](std::vector<Frame>& frames) {
        if (frames.front().payload.size() > 2)
        {
            frames.clear(); // one of ours, for an echo has no reason
        }
    });
    all["ws.cls.backend-exit"] = saysInsteadOf(1011, 1000);
    all["ws.cls.nbd-protocol-error"] = sends(
        Opcode::close, [](std::vector<Frame>& frames) { frames.clear(); });
    for (const std::string id :
         {"tcp-fin-no-close", "tcp-rst", "trunc-header", "trunc-payload",
          "half-close-then-read"})
    {
        all["ws.cls." + id] = endsAs(vanished, Ending::never);
        all["ws.cls." + id].keepsSlot = vanished;
    }
}

} // namespace

void addCloseDefects(Defects& all)
{
    addCodeDefects(all);
    addBodyDefects(all);
    addOrderDefects(all);
}

} // namespace conformance::ws
