// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

using namespace deviations;

namespace
{

void addLengthDefects(Defects& all)
{
    all["ws.frm.len-0"] = rules(lengthIs(0), failed);
    for (const unsigned length :
         {1U, 125U, 126U, 127U, 128U, 65535U, 65536U, 65537U})
    {
        all[fmt::format("ws.frm.len-{}", length)] =
            corrupts([length](const Header& header, uint64_t, ByteView) {
            return header.length == length;
        });
    }
    all["ws.frm.chop-1"] = corruptsSingles(16);
    all["ws.frm.chop-997"] = corrupts(
        [](const Header&, uint64_t offset, ByteView) { return offset > 0; });
    all["ws.frm.coalesce-100"] = {
        .deliver = [count = 0](const Header&, uint64_t, Bytes& piece) mutable {
        if (++count == 50)
        {
            piece.clear();
        }
    }};
    const auto addNonMinimal = [&all](LengthForm form, int bits,
                                      uint64_t length) {
        all[fmt::format("ws.frm.nonmin-{}-of-{}", bits, length)] =
            takes([form, length](const Header& header) {
            return header.form == form && header.length == length;
        });
    };
    addNonMinimal(LengthForm::bits16, 16, 5);
    addNonMinimal(LengthForm::bits16, 16, 125);
    addNonMinimal(LengthForm::bits64, 64, 5);
    addNonMinimal(LengthForm::bits64, 64, 200);
    addNonMinimal(LengthForm::bits64, 64, 65535);
    all["ws.frm.len64-msb"] = rules(
        [](const Header& header) { return header.length >> 63 != 0; }, stalled);
    all["ws.frm.len64-huge"] = rules(
        [](const Header& header) { return header.length >> 62 == 1; }, stalled);
}

void addBitDefects(Defects& all)
{
    for (uint8_t rsv = 1; rsv < 8; ++rsv)
    {
        all[fmt::format("ws.frm.rsv{}-binary", rsv)] =
            takes([rsv](const Header& header) {
            return header.rsv == rsv && header.opcode == Opcode::binary;
        });
    }
    const auto takesRsv = [](Opcode opcode) {
        return takes([opcode](const Header& header) {
            return header.rsv != 0 && header.opcode == opcode;
        });
    };
    all["ws.frm.rsv-ping"] = takesRsv(Opcode::ping);
    all["ws.frm.rsv-close"] = takesRsv(Opcode::close);
    all["ws.frm.rsv-cont"] = takesRsv(Opcode::continuation);
    all["ws.pmd.rsv1-without-negotiation"] = takesRsv(Opcode::binary);
    all["ws.pmd.rsv1-on-continuation"] = takesRsv(Opcode::continuation);
    all["ws.pmd.rsv1-on-control"] = takesRsv(Opcode::ping);
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U})
    {
        all[fmt::format("ws.frm.opcode-{}", opcode)] =
            takes(opcodeIs(static_cast<Opcode>(opcode)));
    }
}

void addMaskDefects(Defects& all)
{
    const auto takesUnmasked = [](Opcode opcode, bool empty) {
        return takes([=](const Header& header) {
            return !header.mask && header.opcode == opcode &&
                   (header.length == 0) == empty;
        });
    };
    all["ws.frm.unmasked-binary"] = takesUnmasked(Opcode::binary, false);
    all["ws.frm.unmasked-empty"] = takesUnmasked(Opcode::binary, true);
    for (const auto& [name, opcode] : {std::pair{"ping", Opcode::ping},
                                       {"close", Opcode::close},
                                       {"cont", Opcode::continuation}})
    {
        all[fmt::format("ws.frm.unmasked-{}", name)] =
            takes([opcode = opcode](const Header& header) {
            return !header.mask && header.opcode == opcode;
        });
    }
    all["ws.frm.mask-zero"] = rules(
        [](const Header& header) { return header.mask == MaskKey{}; }, failed);
    all["ws.frm.mask-per-frame"] = {
        .frame = [first = MaskKey{}](Header& header, Ruling&) mutable {
        if (header.mask && header.opcode == Opcode::continuation)
        {
            header.mask = first;
        }
        first = header.mask.value_or(first);
    }};
}

void addSentDefects(Defects& all)
{
    const auto changes = [](std::function<void(Frame&)> change) {
        return sends(Opcode::binary, [change](std::vector<Frame>& frames) {
            change(frames.front());
        });
    };
    all["ws.frm.server-never-masks"] =
        changes([](Frame& frame) { frame.mask = MaskKey{}; });
    all["ws.frm.server-minimal-len"] = changes([](Frame& frame) {
        frame.form = frame.payload.size() > 0xFFFF ? LengthForm::bits64
                     : frame.payload.size() > 125  ? LengthForm::bits64
                                                   : LengthForm::bits16;
    });
    all["ws.frm.server-rsv0"] = changes([](Frame& frame) { frame.rsv = 1; });
    all["ws.frm.server-binary-only"] =
        changes([](Frame& frame) { frame.opcode = Opcode::text; });
}

void addFailureDefects(Defects& all)
{
    for (const auto& [name, opcode] : {std::pair{"ping", Opcode::ping},
                                       {"pong", Opcode::pong},
                                       {"close", Opcode::close}})
    {
        all[fmt::format("ws.frm.ctl-126-{}", name)] =
            takes([opcode = opcode](const Header& header) {
            return header.opcode == opcode && header.length == 126;
        });
    }
    all["ws.frm.ctl-len16-small"] = takes([](const Header& header) {
        return isControl(header.opcode) && !header.isMinimal();
    });
    all["ws.frm.trailing-garbage-after-fail"] = {.readsOn = true};
    all["ws.frm.error-order"] = {.frame = [](Header&, Ruling& ruling) {
        if (ruling.act == Ruling::Act::fail)
        {
            dies();
        }
    }};
}

} // namespace

void addFrameDefects(Defects& all)
{
    addLengthDefects(all);
    addBitDefects(all);
    addMaskDefects(all);
    addSentDefects(all);
    addFailureDefects(all);
}

} // namespace conformance::ws
