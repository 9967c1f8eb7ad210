// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "closings.hpp"

namespace conformance::ws
{

namespace
{

constexpr std::string_view specOf(uint16_t code)
{
    return (code >= 1000 && code < 1012) || code == 1015 ? "RFC 6455, 7.4.1"
                                                         : "RFC 6455, 7.4.2";
}

/// The sentence that allows or forbids it.
constexpr std::string_view saysOf(uint16_t code)
{
    return code < 1000    ? "Status codes in the range 0-999 are not used."
           : code == 1004 ? "Reserved. The specific meaning might be defined "
                            "in the future."
           : code == 1005 || code == 1006 || code == 1015
               ? "a reserved value and MUST NOT be set as a status code in a "
                 "Close control frame by an endpoint"
           : code < 1012 ? "Endpoints MAY use the following pre-defined status "
                           "codes when sending a Close frame."
           : code < 3000
               ? "Status codes in the range 1000-2999 are reserved for "
                 "definition by this protocol, its future revisions, and "
                 "extensions specified in a permanent and readily available "
                 "public specification."
           : code < 4000 ? "Status codes in the range 3000-3999 are reserved "
                           "for use by libraries, frameworks, and applications."
                         : "Status codes in the range 4000-4999 are reserved "
                           "for private use and thus can't be registered.";
}

template <uint16_t code>
constexpr Case good(std::string_view id, std::string_view sends,
                    std::string_view autobahn, Level level = Level::must)
{
    return {
        .id = id,
        .spec = specOf(code),
        .says = saysOf(code),
        .level = level,
        .sends = sends,
        .wants = "a Close with that code or 1000, and the end of the "
                 "connection",
        .autobahn = autobahn,
        .run = [](Peer& peer) { return closes(peer, code, {}, {code, 1000}); }};
}

template <uint16_t code>
constexpr Case bad(std::string_view id, std::string_view sends,
                   std::string_view autobahn)
{
    return {
        .id = id,
        .spec = specOf(code),
        .says = saysOf(code),
        .level = Level::must,
        .sends = sends,
        .wants = "Close 1002, and the end of the connection",
        .autobahn = autobahn,
        .run = [](Peer& peer) { return refusesClose(peer, closeBody(code)); }};
}

/// Beyond all ranges: told, not judged.
template <uint16_t code>
constexpr Case open(std::string_view id, std::string_view sends,
                    std::string_view autobahn)
{
    return {.id = id,
            .spec = "RFC 6455, 7.4.2",
            .says = saysOf(code),
            .level = Level::may,
            .sends = sends,
            .wants = "the end of the connection; what it answers is told",
            .autobahn = autobahn,
            .run = [](Peer& peer) {
        peer.open();
        peer.sendClose(code);
        while (peer.nextFrame())
        {}
        peer.want(peer.ending().ended == Ended::closed,
                  "the connection stays open", "the end of the connection");
        const auto close = peer.ending().close;
        return peer.stopped()
                   ? peer.verdict()
                   : noted(close ? describe(*close) : "no Close frame");
    }};
}

constexpr Case cases[] = {
    good<1000>("ws.cls.code-1000", "Close 1000", "7.7.1"),
    good<1001>("ws.cls.code-1001", "Close 1001", "7.7.2"),
    good<1002>("ws.cls.code-1002", "Close 1002", "7.7.3"),
    good<1003>("ws.cls.code-1003", "Close 1003", "7.7.4"),
    good<1007>("ws.cls.code-1007", "Close 1007", "7.7.5"),
    good<1008>("ws.cls.code-1008", "Close 1008", "7.7.6"),
    good<1009>("ws.cls.code-1009", "Close 1009", "7.7.7"),
    good<1010>("ws.cls.code-1010", "Close 1010", "7.7.8"),
    good<1011>("ws.cls.code-1011", "Close 1011", "7.7.9"),
    good<3000>("ws.cls.code-3000", "Close 3000", "7.7.10"),
    good<3999>("ws.cls.code-3999", "Close 3999", "7.7.11"),
    good<4000>("ws.cls.code-4000", "Close 4000", "7.7.12"),
    good<4999>("ws.cls.code-4999", "Close 4999", "7.7.13"),
    good<1012>("ws.cls.code-1012", "Close 1012, which IANA registered later",
               "", Level::should),
    good<1013>("ws.cls.code-1013", "Close 1013, which IANA registered later",
               "", Level::should),
    good<1014>("ws.cls.code-1014", "Close 1014, which IANA registered later",
               "", Level::should),
    bad<0>("ws.cls.code-0", "Close 0", "7.9.1"),
    bad<999>("ws.cls.code-999", "Close 999", "7.9.2"),
    bad<1004>("ws.cls.code-1004", "Close 1004", "7.9.3"),
    bad<1005>("ws.cls.code-1005", "Close 1005", "7.9.4"),
    bad<1006>("ws.cls.code-1006", "Close 1006", "7.9.5"),
    bad<1015>("ws.cls.code-1015", "Close 1015", ""),
    bad<1016>("ws.cls.code-1016", "Close 1016", "7.9.6"),
    bad<1100>("ws.cls.code-1100", "Close 1100", "7.9.7"),
    bad<2000>("ws.cls.code-2000", "Close 2000", "7.9.8"),
    bad<2999>("ws.cls.code-2999", "Close 2999", "7.9.9"),
    open<5000>("ws.cls.code-5000", "Close 5000", "7.13.1"),
    open<65535>("ws.cls.code-65535", "Close 65535", "7.13.2"),
};

} // namespace

std::span<const Case> closeCodeCases()
{
    return cases;
}

} // namespace conformance::ws
