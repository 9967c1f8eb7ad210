// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

namespace conformance::ws
{

using namespace deviations;

namespace
{

/// Text is accepted whatever the policy, so that what is done with it counts.
Deviation takesText(Deviation otherwise)
{
    otherwise.frame = [](Header& header, Ruling& ruling) {
        if (header.opcode == Opcode::text && ruling.code == 1003)
        {
            ruling = {};
        }
    };
    return otherwise;
}

} // namespace

void addTextDefects(Defects& all)
{
    const Deviation drops = rules(opcodeIs(Opcode::text), skipped);
    const Deviation checksNothing = takesText(
        {.text = [](ByteView, bool, Ruling& ruling) { ruling = {}; }});
    const Deviation checksLate = takesText(
        {.text = [bad = false](ByteView, bool ends, Ruling& ruling) mutable {
        bad = bad || !ruling.accepts();
        ruling = bad && ends ? Ruling::fails(1007, "at its end") : Ruling{};
    }});
    all["ws.txt.policy"] = drops;
    all["ws.txt.valid-utf8-nbd"] = drops;
    all["ws.txt.text-then-binary"] = drops;
    all["ws.txt.empty"] = rules(opcodeIs(Opcode::text), stalled);
    all["ws.txt.invalid-utf8"] = checksNothing;
    all["ws.txt.surrogate"] = checksNothing;
    all["ws.txt.overlong"] = checksNothing;
    all["ws.txt.above-10ffff"] = checksNothing;
    all["ws.txt.truncated"] = checksNothing;
    all["ws.txt.failfast-frame"] = checksLate;
    all["ws.txt.failfast-chop"] = checksLate;
    all["ws.txt.split-code-point"] =
        takesText({.text = [](ByteView piece, bool, Ruling& ruling) {
        if (!piece.empty() && piece.back() >= std::byte{0x80})
        {
            ruling = Ruling::fails(1007, "as if a frame were a text");
        }
    }});
    all["ws.txt.newline-injection"] = takesText(
        {.deliver = [text = false](const Header& header, uint64_t offset,
                                   Bytes& piece) mutable {
        text = header.opcode == Opcode::continuation
                   ? text
                   : header.opcode == Opcode::text;
        if (text && header.fin && offset + piece.size() == header.length)
        {
            piece.push_back(std::byte{'\n'});
        }
    }});
}

} // namespace conformance::ws
