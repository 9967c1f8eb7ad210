// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "closings.hpp"
#include "framings.hpp"
#include "openings.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

namespace
{

constexpr std::string_view spec = "RFC 6455, 10.6";
constexpr std::string_view says =
    "Connection confidentiality and integrity is provided by running the "
    "WebSocket Protocol over TLS (wss URIs).";
constexpr std::string_view recordSays =
    "TLS is a stream: where its records end is no matter of where frames end.";
constexpr std::string_view asItIs = "it is delivered as it is";

/// Another client, with a verdict of its own, that differs in @p profile.
Peer anotherWith(Peer& peer, const Profile& profile)
{
    return {profile, peer.patience(), peer.random()(), peer.process(),
            peer.log()};
}

/// TLS, if the target agrees to @p profile's; why not, else. No verdict.
std::string shakes(Peer& peer, const Profile& profile)
{
    auto opened = Connection::open(profile.endpoint.address, peer.patience(),
                                   peer.log());
    if (!opened)
    {
        return vmedia::describe(opened.error());
    }
    Channel channel(std::move(*opened));
    if (const auto begun = channel.beginTls(profile.endpoint.tls); !begun)
    {
        return vmedia::describe(begun.error());
    }
    const TlsHandshake shaken = channel.shakeHands(peer.patience());
    return shaken.done ? channel.tls()->protocol() : "no TLS: " + shaken.how;
}

Verdict saysCloseNotify(Peer& peer)
{
    peer.open();
    peer.closeWell();
    peer.want(peer.ending().how == "close_notify", peer.ending().how,
              "close_notify before the end of the connection");
    return peer.verdict();
}

Verdict endsWithoutNotify(Peer& peer)
{
    openTalk(peer);
    peer.endSending();
    wantGone(peer);
    wantFreeSlot(peer);
    return peer.verdict();
}

Verdict updatesKeys(Peer& peer)
{
    constexpr size_t size = 256;
    peer.connect();
    if (!peer.stopped() && peer.channel()->tls()->version() != "TLSv1.3")
    {
        return leaveOut(peer, "it does not speak TLS 1.3");
    }
    return delivers(peer, size, [&peer](ByteView bytes) {
        const Bytes frame =
            peer.framed({.payload = Bytes(bytes.begin(), bytes.end())});
        const auto half = ByteView(frame).first(frame.size() / 2);
        peer.sendBytes(half, "half of a frame");
        if (peer.stopped())
        {
            return;
        }
        peer.note("-> KeyUpdate");
        peer.channel()->tls()->updateKeys();
        peer.channel()->flush(peer.patience());
        peer.sendBytes(ByteView(frame).subspan(half.size()), "the other half");
    });
}

Verdict sendsRecordPerByte(Peer& peer)
{
    constexpr size_t size = 64;
    return delivers(peer, size, [&peer](ByteView bytes) {
        peer.sendInPieces(
            peer.framed({.payload = Bytes(bytes.begin(), bytes.end())}), 1,
            "a frame");
    });
}

Verdict sendsOverRecords(Peer& peer)
{
    constexpr size_t size = (16U << 10) + 1; // a record has 16 KiB at most
    return delivers(peer, size,
                    [&peer](ByteView bytes) { peer.sendData(bytes); });
}

Verdict offersH2(Peer& peer)
{
    Profile profile = peer.profile();
    profile.endpoint.tls.alpn = "h2";
    const std::string agreed = shakes(peer, profile);
    peer.note(agreed.empty() ? "-- no protocol agreed on" : "-- " + agreed);
    peer.want(agreed != "h2", "h2 agreed on",
              "no h2: a WebSocket over it (RFC 8441) is another protocol");
    return peer.verdict();
}

Verdict wantsCertificate(Peer& peer)
{
    if (Verdict with = opens(peer, peer.request());
        with.outcome != Outcome::pass)
    {
        return with;
    }
    Profile profile = peer.profile();
    profile.endpoint.tls.certificate.clear();
    profile.endpoint.tls.privateKey.clear();
    Peer other = anotherWith(peer, profile);
    if (!shakes(other, profile).empty())
    {
        return peer.verdict(); // TLS 1.2 has no end without it
    }
    // In TLS 1.3 the client is done before the server has looked: it is the
    // first answer that tells.
    other.connect();
    other.send(other.request());
    const auto response = other.wantResponse(true);
    other.want(!response || response->status >= 400,
               fmt::format("status {} without a certificate",
                           response ? response->status : 0),
               "no TLS, or an error status");
    return other.verdict();
}

Verdict announcesAnother(Peer& peer)
{
    Profile profile = peer.profile();
    profile.endpoint.tls.announced = "another.example";
    profile.endpoint.tls.serverName.clear();
    const std::string refused = shakes(peer, profile);
    if (!refused.empty())
    {
        return noted(refused);
    }
    Peer other = anotherWith(peer, profile);
    return tells(other, other.request(), "the name another.example");
}

Verdict speaksInClear(Peer& peer)
{
    Profile profile = peer.profile();
    profile.endpoint.secure = false;
    Peer other = anotherWith(peer, profile);
    other.connect();
    other.send(other.request());
    const auto response = other.wantResponse(true);
    other.want(!response || response->status >= 300,
               fmt::format("status {}", response ? response->status : 0),
               "an error status, or the end of the connection");
    if (response && response->status != 400)
    {
        other.warn(fmt::format("status {}", response->status), "status 400");
    }
    return other.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.tls.wss-ok",
        .spec = spec,
        .says = says,
        .level = Level::must,
        .sends = "a request over TLS",
        .wants = "101",
        .needs = Needs::tls,
        .run = [](Peer& peer) { return opens(peer, peer.request()); },
    },
    {
        .id = "ws.tls.close-notify-after-close",
        .spec = "RFC 6455, 7.1.1",
        .says = "An endpoint SHOULD use a method that cleanly closes the TCP "
                "connection, as well as the TLS session, if applicable",
        .level = Level::should,
        .sends = "Close 1000",
        .wants = "Close, close_notify, FIN",
        .needs = Needs::tls,
        .run = saysCloseNotify,
    },
    {
        .id = "ws.tls.no-close-notify-from-client",
        .spec = "RFC 6455, 7.1.5",
        .says = "A slot that a vanished client keeps is lost to all others.",
        .level = Level::robustness,
        .sends = "FIN without close_notify",
        .wants = "the end of the connection, and a free slot within 2 s",
        .needs = Needs::tls,
        .run = endsWithoutNotify,
    },
    {
        .id = "ws.tls.key-update-mid-frame",
        .spec = "RFC 8446, 4.6.3",
        .says = "The KeyUpdate handshake message is used to indicate that the "
                "sender is updating its sending cryptographic keys.",
        .level = Level::must,
        .sends = "KeyUpdate in the middle of a frame",
        .wants = asItIs,
        .needs = Needs::tls,
        .run = updatesKeys,
    },
    {
        .id = "ws.tls.record-per-byte",
        .spec = spec,
        .says = recordSays,
        .level = Level::must,
        .sends = "a frame, each byte in a record of its own",
        .wants = asItIs,
        .needs = Needs::tls,
        .run = sendsRecordPerByte,
    },
    {
        .id = "ws.tls.frame-over-records",
        .spec = spec,
        .says = recordSays,
        .level = Level::must,
        .sends = "a frame of 16 KiB and a byte, over two records",
        .wants = asItIs,
        .needs = Needs::tls,
        .run = sendsOverRecords,
    },
    {
        .id = "ws.tls.alpn-h2-only",
        .spec = "RFC 8441",
        .says = "Who agrees to h2 here has agreed to what it does not speak: "
                "the request that follows is HTTP/1.1.",
        .level = Level::robustness,
        .sends = "ALPN that offers h2 only",
        .wants = "h2 is not agreed on",
        .needs = Needs::tls,
        .run = offersH2,
    },
    {
        .id = "ws.tls.client-cert",
        .spec = "RFC 6455, 10.5",
        .says = "The WebSocket server can use any client authentication "
                "mechanism available to a generic HTTP server",
        .level = Level::robustness,
        .sends = "a request with our certificate, and one without any",
        .wants = "101 with it, and none without",
        .needs = Needs::tls | Needs::clientCertificate,
        .run = wantsCertificate,
    },
    {
        .id = "ws.tls.sni-mismatch",
        .spec = "RFC 6066, 3",
        .says = "a server may refuse a name that it does not know, or go on",
        .level = Level::may,
        .sends = "another name in SNI",
        .wants = "whatever it answers is told",
        .needs = Needs::tls,
        .run = announcesAnother,
    },
    {
        .id = "ws.tls.plain-ws-on-tls-port",
        .spec = spec,
        .says = "Who forgot the s of wss must not wait for ever.",
        .level = Level::robustness,
        .sends = "a request in clear",
        .wants = "status 400, or the end of the connection",
        .needs = Needs::tls,
        .run = speaksInClear,
    },
};

} // namespace

std::span<const Case> secureCases()
{
    return cases;
}

} // namespace conformance::ws
