// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "framings.hpp"
#include "hearing.hpp"

namespace conformance::ws
{

namespace
{

constexpr std::string_view sends =
    "data that has short and long answers, pings, and a Close";

constexpr Case cases[] = {
    {
        .id = "ws.frm.server-never-masks",
        .spec = "RFC 6455, 5.1",
        .says = "A server MUST NOT mask any frames that it sends to the client",
        .level = Level::must,
        .sends = sends,
        .wants = "no frame of the server is masked",
        .run =
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) { return !header.mask; },
                     "frames that are not masked");
},
    },
    {
        .id = "ws.frm.server-minimal-len",
        .spec = "RFC 6455, 5.2",
        .says = "Note that in all cases, the minimal number of bytes MUST be "
                "used to encode the length, for example, the length of a "
                "124-byte-long string can't be encoded as the sequence 126, 0, "
                "124",
        .level = Level::must,
        .sends = sends,
        .wants = "the shortest form of each length",
        .run =
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) {
        return header.isMinimal();
    }, "lengths in the shortest form");
},
    },
    {
        .id = "ws.frm.server-rsv0",
        .spec = "RFC 6455, 5.2",
        .says = "MUST be 0 unless an extension is negotiated that defines "
                "meanings for non-zero values",
        .level = Level::must,
        .sends = sends,
        .wants = "RSV1, RSV2 and RSV3 are 0 in all its frames",
        .run =
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) { return header.rsv == 0; },
                     "frames without RSV1, RSV2 and RSV3");
},
    },
    {
        .id = "ws.frm.server-binary-only",
        .spec = "RFC 6455, 5.6",
        .says = "The bytes of a block device are no text: a client that checks "
                "UTF-8 has to close the connection with 1007",
        .level = Level::robustness,
        .sends = sends,
        .wants = "data in binary messages only",
        .run =
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) {
        return header.opcode != Opcode::text;
    }, "no text");
},
    },
};

} // namespace

std::span<const Case> passiveCases()
{
    return cases;
}

} // namespace conformance::ws
