// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"

namespace conformance::ws
{

namespace
{

constexpr std::string_view failing =
    "Close 1002 and the end of the connection; nothing delivered";

constexpr Case rsvCase(std::string_view id, std::string_view sends,
                       std::string_view autobahn, Verdict (*run)(Peer&))
{
    return {.id = id,
            .spec = "RFC 6455, 5.2",
            .says = "If a nonzero value is received and none of the negotiated "
                    "extensions defines the meaning of such a nonzero value, "
                    "the receiving endpoint MUST _Fail the WebSocket "
                    "Connection_",
            .level = Level::must,
            .sends = sends,
            .wants = failing,
            .autobahn = autobahn,
            .run = run};
}

constexpr Case opcodeCase(std::string_view id, std::string_view sends,
                          std::string_view autobahn, Verdict (*run)(Peer&))
{
    return {.id = id,
            .spec = "RFC 6455, 5.2",
            .says = "If an unknown opcode is received, the receiving endpoint "
                    "MUST _Fail the WebSocket Connection_",
            .level = Level::must,
            .sends = sends,
            .wants = failing,
            .autobahn = autobahn,
            .run = run};
}

constexpr Case cases[] = {
    rsvCase("ws.frm.rsv1-binary", "a binary frame with RSV3", "3.1",
            [](Peer& peer) { return failsOn(peer, {.rsv = 1}, 5); }),
    rsvCase("ws.frm.rsv2-binary", "a binary frame with RSV2", "3.2",
            [](Peer& peer) { return failsOn(peer, {.rsv = 2}, 5); }),
    rsvCase("ws.frm.rsv3-binary", "a binary frame with RSV2 and RSV3", "3.3",
            [](Peer& peer) { return failsOn(peer, {.rsv = 3}, 5); }),
    rsvCase("ws.frm.rsv4-binary", "a binary frame with RSV1", "3.4",
            [](Peer& peer) { return failsOn(peer, {.rsv = 4}, 5); }),
    rsvCase("ws.frm.rsv5-binary", "a binary frame with RSV1 and RSV3", "3.5",
            [](Peer& peer) { return failsOn(peer, {.rsv = 5}, 5); }),
    rsvCase("ws.frm.rsv6-binary", "a binary frame with RSV1 and RSV2", "3.6",
            [](Peer& peer) { return failsOn(peer, {.rsv = 6}, 5); }),
    rsvCase("ws.frm.rsv7-binary", "a binary frame with RSV1 and RSV2 and RSV3",
            "3.7", [](Peer& peer) { return failsOn(peer, {.rsv = 7}, 5); }),
    rsvCase("ws.frm.rsv-ping", "a ping with RSV2", "",
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::ping, .rsv = 2});
}),
    rsvCase("ws.frm.rsv-close", "a Close with RSV2", "",
            [](Peer& peer) {
    return failsOn(peer, {.opcode = Opcode::close,
                          .payload = closeBody(wrongCloseCode),
                          .rsv = 2});
}),
    rsvCase("ws.frm.rsv-cont", "a continuation with RSV2", "",
            [](Peer& peer) {
    return failsInside(peer, {.opcode = Opcode::continuation, .rsv = 2});
}),
    opcodeCase(
        "ws.frm.opcode-3", "a frame with opcode 3, reserved for data", "4.1.1",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{3}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-4", "a frame with opcode 4, reserved for data", "4.1.2",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{4}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-5", "a frame with opcode 5, reserved for data", "4.1.3",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{5}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-6", "a frame with opcode 6, reserved for data", "4.1.4",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{6}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-7", "a frame with opcode 7, reserved for data", "4.1.5",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{7}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-11", "a frame with opcode 11, reserved for control",
        "4.2.1",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{11}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-12", "a frame with opcode 12, reserved for control",
        "4.2.2",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{12}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-13", "a frame with opcode 13, reserved for control",
        "4.2.3",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{13}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-14", "a frame with opcode 14, reserved for control",
        "4.2.4",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{14}}, 5); }),
    opcodeCase(
        "ws.frm.opcode-15", "a frame with opcode 15, reserved for control",
        "4.2.5",
        [](Peer& peer) { return failsOn(peer, {.opcode = Opcode{15}}, 5); }),
};

} // namespace

std::span<const Case> reservedCases()
{
    return cases;
}

} // namespace conformance::ws
