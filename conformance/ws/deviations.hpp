// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "defects.hpp"
#include "server_engine.hpp"

#include <unistd.h>

#include <atomic>
#include <memory>

/// What defects are made of.
namespace conformance::ws::deviations
{

using MatchAsked = std::function<bool(const Asked& asked)>;
using MatchFrame = std::function<bool(const Header& header)>;

[[noreturn]] inline void dies()
{
    ::_exit(1); // as a crash would
}

// The opening handshake

/// Who matches is let in.
Deviation admits(MatchAsked matches);
/// Who was refused with that status is let in.
Deviation admitsInsteadOf(int status, MatchAsked matches);
Deviation refuses(MatchAsked matches, int status = 400);
/// Who matches hears nothing.
Deviation ignores(MatchAsked matches);
Deviation diesOf(MatchAsked matches);
/// Those who match get one more field, whatever else they are told.
Deviation adds(MatchAsked matches, std::string name, std::string value);
/// Those who match are let in with that field.
Deviation admitsWith(MatchAsked matches, std::string name, std::string value);

inline bool everybody(const Asked& /*asked*/)
{
    return true;
}
inline MatchAsked methodIs(std::string method)
{
    return [=](const Asked& a) { return a.request.method == method; };
}
inline MatchAsked countIs(std::string name, size_t count)
{
    return [=](const Asked& a) { return a.count(name) == count; };
}
inline MatchAsked onlyIs(std::string name, std::string value)
{
    return [=](const Asked& a) {
        return a.count(name) == 1 && a.only(name) == value;
    };
}
inline MatchAsked headHas(std::string text)
{
    return
        [=](const Asked& a) { return a.head.find(text) != std::string::npos; };
}
inline MatchAsked targetHas(std::string text)
{
    return [=](const Asked& a) {
        return a.request.target.find(text) != std::string::npos;
    };
}

// Frames

/// A wrong frame that matches is taken as if it were right.
Deviation takes(MatchFrame matches);
/// A frame that matches fares like that, right or wrong.
Deviation rules(MatchFrame matches, Ruling ruling);
/// The same within a message that has not ended.
Deviation rulesInside(MatchFrame matches, Ruling ruling);
/// A Close whose body matches fares like that.
Deviation rulesClose(std::function<bool(ByteView body)> matches, Ruling ruling);

inline const Ruling skipped{.act = Ruling::Act::skip};
inline const Ruling stalled{.act = Ruling::Act::stall};
inline const Ruling failed = Ruling::fails(1002, "a defect");

inline MatchFrame opcodeIs(Opcode opcode)
{
    return [=](const Header& h) { return h.opcode == opcode; };
}
inline MatchFrame lengthIs(uint64_t length)
{
    return [=](const Header& h) {
        return !isControl(h.opcode) && h.length == length;
    };
}
inline std::optional<uint16_t> codeOf(ByteView body)
{
    const auto close = parseClose(body);
    return close ? close->code : std::nullopt;
}

// What goes on to what is behind the server

using Piece =
    std::function<void(const Header& header, uint64_t offset, Bytes& piece)>;

/// One bit of the payload is another one, where the piece matches.
Deviation corrupts(
    std::function<bool(const Header& header, uint64_t offset, ByteView piece)>
        matches);
/// The frame behind one that matches is lost.
Deviation losesAfter(
    std::function<bool(const Header& header, ByteView piece)> matches);
/// Bytes that come one at a time are wrong from the @p after th on.
Deviation corruptsSingles(int after);

// What the server sends

using Change = std::function<void(std::vector<Frame>& frames)>;

/// Frames of that opcode are changed before they are sent.
Deviation sends(Opcode opcode, Change change);

// What connections share

/// @p change for each connection behind the first @p right ones.
Deviation later(int right, std::function<void(const Asked&, Answer&)> change);
Deviation keepsSlotIf(std::function<bool(Why why)> matches);
Deviation endsAs(std::function<bool(Why why)> matches, Ending as);
/// The time for that is not measured.
Deviation neverExpires(Deadline::What what);

} // namespace conformance::ws::deviations
