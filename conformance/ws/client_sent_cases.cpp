// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "client_steps.hpp"
#include "framings.hpp"
#include "hearing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace conformance::ws
{

namespace
{

constexpr std::string_view sends =
    "data that has short and long answers, pings, and a Close";

uint32_t numberOf(const MaskKey& key)
{
    uint32_t number = 0;
    for (const std::byte one : key)
    {
        number = number << 8 | std::to_integer<uint32_t>(one);
    }
    return number;
}

/// What would not happen to random keys in a million runs.
Verdict drawsMasks(Peer& peer)
{
    constexpr size_t count = 512;
    constexpr size_t alikeMax = 1;
    constexpr size_t valuesMin = 150; // of 256, in each of the four places
    constexpr size_t atOnce = 32;     // less than a client takes for a flood
    openTalk(peer);
    Bytes pings;
    for (size_t i = 0; i < atOnce; ++i)
    {
        vmedia::nbd::append(pings,
                            ByteView(peer.framed({.opcode = Opcode::ping})));
    }
    for (size_t i = 0; i < count && !peer.stopped(); i += atOnce)
    {
        peer.sendBytes(pings, fmt::format("{} pings", atOnce));
        peer.wantOpenStill();
    }
    std::vector<uint32_t> keys;
    for (const Header& header : peer.headers())
    {
        if (header.mask)
        {
            keys.push_back(numberOf(*header.mask));
        }
    }
    if (peer.stopped())
    {
        return peer.verdict();
    }
    peer.want(keys.size() >= count,
              fmt::format("{} masked frames", keys.size()),
              fmt::format("{} pongs, each masked", count));
    const std::set<uint32_t> different(keys.begin(), keys.end());
    peer.want(different.size() + alikeMax >= keys.size(),
              fmt::format("{} masking keys in {} frames", different.size(),
                          keys.size()),
              "a fresh one for each");
    std::map<uint32_t, size_t> steps;
    for (size_t i = 1; i < keys.size(); ++i)
    {
        ++steps[keys[i] - keys[i - 1]];
    }
    for (const auto& [step, times] : steps)
    {
        peer.want(
            times <= 1 + alikeMax,
            fmt::format("{} keys that are the one before and {}", times, step),
            "keys that the one before does not tell");
    }
    for (int place = 0; place < 4; ++place)
    {
        std::set<uint32_t> values;
        for (const uint32_t key : keys)
        {
            values.insert(key >> (8 * place) & 0xFF);
        }
        peer.want(values.size() >= valuesMin,
                  fmt::format("{} values of one byte of {} keys", values.size(),
                              keys.size()),
                  "all of a key drawn at random");
    }
    return peer.verdict();
}

/// No frame follows its Close, however much it had to say.
Verdict endsWithClose(Peer& peer)
{
    const auto talk = openTalk(peer);
    if (talk)
    {
        peer.sendData(talk->ask(peer, size_t{8} * 128 << 10));
    }
    peer.holdEnd();
    peer.sendClose();
    peer.wantClose();
    if (peer.stopped())
    {
        return peer.verdict();
    }
    // What it might send on, it sends while the connection stays.
    peer.heardWithin(peer.patience() / 10);
    const auto more = peer.nextBuffered();
    peer.want(!more, more ? describe(more->header) : std::string(),
              "nothing behind its Close frame");
    return peer.verdict();
}

/// Messages one after another, whatever else is asked meanwhile.
Verdict keepsMessagesApart(Peer& peer)
{
    const auto talk = openTalk(peer);
    for (int i = 0; i < 4 && talk && !peer.stopped(); ++i)
    {
        peer.sendData(talk->ask(peer, 128U << 10));
        peer.send(Opcode::ping, Bytes(8));
        talk->wantAnswer(peer);
    }
    peer.wantOpenStill();
    bool inside = false;
    for (const Header& header : peer.headers())
    {
        if (isControl(header.opcode))
        {
            peer.want(header.fin, describe(header), "a control frame in one");
            continue;
        }
        peer.want((header.opcode == Opcode::continuation) == inside,
                  fmt::format("{} {} a message", describe(header),
                              inside ? "inside" : "outside"),
                  "the fragments of one message, and then the next");
        inside = !header.fin;
    }
    return peer.verdict();
}

constexpr Case passive(std::string_view id, std::string_view spec,
                       std::string_view says, std::string_view wants,
                       Verdict (*run)(Peer&), Level level = Level::must)
{
    return {.id = id,
            .spec = spec,
            .says = says,
            .level = level,
            .sends = sends,
            .wants = wants,
            .run = run};
}

constexpr Case cases[] = {
    passive("ws.clt.sent.masked", "RFC 6455, 5.1",
            "a client MUST mask all frames that it sends to the server",
            "each of its frames is masked",
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) {
        return header.mask.has_value();
    }, "frames that are masked");
}),
    {
        .id = "ws.clt.sent.mask-fresh",
        .spec = "RFC 6455, 5.3",
        .says = "The masking key needs to be unpredictable; thus, the masking "
                "key MUST be derived from a strong source of entropy, and the "
                "masking key for a given frame MUST NOT make it simple for a "
                "server/proxy to predict the masking key for a subsequent "
                "frame.",
        .level = Level::must,
        .sends = "512 pings, 32 at a time",
        .wants = "512 pongs, whose masking keys have nothing in common",
        .run = drawsMasks,
    },
    passive("ws.clt.sent.minimal-length", "RFC 6455, 5.2",
            "Note that in all cases, the minimal number of bytes MUST be used "
            "to encode the length, for example, the length of a 124-byte-long "
            "string can't be encoded as the sequence 126, 0, 124",
            "the shortest form of each length",
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) {
        return header.isMinimal();
    }, "lengths in the shortest form");
}),
    passive("ws.clt.sent.rsv-0", "RFC 6455, 5.2",
            "MUST be 0 unless an extension is negotiated that defines meanings "
            "for non-zero values",
            "RSV1, RSV2 and RSV3 are 0 in all its frames",
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) { return header.rsv == 0; },
                     "frames without RSV1, RSV2 and RSV3");
}),
    passive("ws.clt.sent.binary", "RFC 6455, 5.6",
            "The bytes of a block device are no text: a server that checks "
            "UTF-8 has to close the connection with 1007",
            "data in binary messages only",
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) {
        return header.opcode != Opcode::text;
    }, "no text");
}, Level::robustness),
    passive("ws.clt.sent.control-short", "RFC 6455, 5.5",
            "All control frames MUST have a payload length of 125 bytes or "
            "less and MUST NOT be fragmented.",
            "control frames of 125 bytes at most, each in one",
            [](Peer& peer) {
    return sendsOnly(peer, [](const Header& header) {
        return !isControl(header.opcode) ||
               (header.length <= 125 && header.fin);
    }, "control frames of 125 bytes at most, each in one");
}),
    {
        .id = "ws.clt.sent.nothing-after-close",
        .spec = "RFC 6455, 5.5.1",
        .says = "The application MUST NOT send any more data frames after "
                "sending a Close frame.",
        .level = Level::must,
        .sends = "what has long answers, and a Close behind it",
        .wants = "nothing behind its Close",
        .run = endsWithClose,
    },
    {
        .id = "ws.clt.sent.not-interleaved",
        .spec = "RFC 6455, 5.4",
        .says = "The fragments of one message MUST NOT be interleaved between "
                "the fragments of another message unless an extension has been "
                "negotiated that can interpret the interleaving.",
        .level = Level::must,
        .sends = "what has long answers, with pings behind it",
        .wants = "the fragments of one message, and then the next",
        .run = keepsMessagesApart,
    },
};

} // namespace

std::span<const Case> clientSentCases()
{
    return cases;
}

} // namespace conformance::ws
