// SPDX-License-Identifier: Apache-2.0
#include "deviations.hpp"

#include <openssl/ssl.h>

#include <span>

namespace conformance::ws
{

using namespace deviations;

namespace
{

const auto corruptsRest = corrupts(
    [](const Header&, uint64_t offset, ByteView) { return offset > 0; });

bool hasVanished(Why why)
{
    return why == Why::vanished;
}

bool hasSaidClose(Why why)
{
    return why == Why::closed || why == Why::failed || why == Why::noAnswer;
}

void addNetworkDefects(Defects& all)
{
    all["ws.net.slowloris-frame"] = corruptsSingles(2);
    all["ws.net.stall-mid-payload"] = corruptsRest;
    all["ws.net.mtu-chop"] = corruptsRest;
    all["ws.net.zero-window"] = {.stallsUnread = true};
    all["ws.net.nagle-latency"] = {.lag = std::chrono::milliseconds(40)};
    all["ws.net.rst-mid-reply"] = keepsSlotIf(hasVanished);
    all["ws.net.reconnect-immediately"] = keepsSlotIf(hasSaidClose);
    all["ws.net.ipv6"] = refuses(
        [](const Asked& asked) { return asked.only("Host").starts_with('['); });
    all["ws.net.keepalive-idle"] = sends(Opcode::ping,
                                         [](std::vector<Frame>& frames) {
        frames = {{.opcode = Opcode::close, .payload = closeBody(1001)}};
    });
    all["ws.net.control-and-data-under-load"] = {
        .send = [count = 0](std::vector<Frame>& frames) mutable {
        if (frames.front().opcode == Opcode::pong && ++count % 2 == 0)
        {
            frames.clear();
        }
    }};
}

/// What nobody has: TLS 1.1 at most, where 1.2 is the least.
void agreesOnNothing(SSL_CTX* context)
{
    ::SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
    ::SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
}

void diesOfKeyUpdate(SSL_CTX* context)
{
    ::SSL_CTX_set_msg_callback(context,
                               [](int sent, int, int type, const void* bytes,
                                  size_t size, SSL*, void*) {
        const auto message = std::span(static_cast<const uint8_t*>(bytes),
                                       size);
        if (sent == 0 && type == SSL3_RT_HANDSHAKE && size > 0 &&
            message.front() == SSL3_MT_KEY_UPDATE)
        {
            dies();
        }
    });
}

void agreesOnH2(SSL_CTX* context)
{
    ::SSL_CTX_set_alpn_select_cb(
        context,
        [](SSL*, const unsigned char** out, unsigned char* size,
           const unsigned char* in, unsigned int inSize, void*) {
        static constexpr std::string_view h2 = "\2h2";
        // NOLINTNEXTLINE: characters, as a C function has them
        const auto* wanted = reinterpret_cast<const unsigned char*>(h2.data());
        unsigned char* chosen = nullptr;
        const int found = ::SSL_select_next_proto(
            &chosen, size, wanted, unsigned(h2.size()), in, inSize);
        *out = chosen;
        return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                               : SSL_TLSEXT_ERR_NOACK;
    },
        nullptr);
}

void diesOfOtherNames(SSL_CTX* context)
{
    ::SSL_CTX_set_tlsext_servername_callback(context,
                                             +[](SSL* ssl, int*, void*) {
        const char* name = ::SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        if (name != nullptr && std::string_view(name) != "localhost")
        {
            dies();
        }
        return SSL_TLSEXT_ERR_NOACK;
    });
}

void addTlsDefects(Defects& all)
{
    all["ws.tls.wss-ok"] = {.tls = agreesOnNothing};
    all["ws.tls.close-notify-after-close"] = {.skipsCloseNotify = true};
    all["ws.tls.no-close-notify-from-client"] = keepsSlotIf(hasVanished);
    all["ws.tls.key-update-mid-frame"] = {.tls = diesOfKeyUpdate};
    all["ws.tls.record-per-byte"] = corruptsSingles(8);
    all["ws.tls.frame-over-records"] = corruptsRest;
    all["ws.tls.alpn-h2-only"] = {.tls = agreesOnH2};
    all["ws.tls.client-cert"] = {.tls = [](SSL_CTX* context) {
        ::SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    }};
    all["ws.tls.sni-mismatch"] = {.tls = diesOfOtherNames};
    all["ws.tls.plain-ws-on-tls-port"] = endsAs(hasVanished, Ending::never);
}

void addSlotDefects(Defects& all)
{
    const Deviation admitsSecond = admitsInsteadOf(409, everybody);
    all["ws.slot.second-client-refused"] = admitsSecond;
    all["ws.slot.second-client-cannot-inject"] = admitsSecond;
    all["ws.slot.second-client-cannot-inject"].injects = true;
    all["ws.slot.first-unaffected"] = {
        .answer = [](const Asked&, Answer& answer) {
        if (answer.status == 409)
        {
            dies();
        }
    }};
    all["ws.slot.freed-after-close"] = keepsSlotIf(hasSaidClose);
    all["ws.slot.freed-after-crash"] = keepsSlotIf(hasSaidClose);
    all["ws.slot.freed-after-fin"] = keepsSlotIf(hasVanished);
    all["ws.slot.freed-after-rst"] = keepsSlotIf(hasVanished);
    all["ws.slot.freed-after-failed-handshake"] = {
        .answer = [failed = std::make_shared<std::atomic<bool>>(false)](
                      const Asked&, Answer& answer) {
        if (!answer.upgrades())
        {
            *failed = true;
        }
        else if (*failed)
        {
            answer = refused(409, "a defect");
        }
    }};
    all["ws.slot.two-slots-independent"] =
        refuses([](const Asked& asked) { return asked.path() != "/"; }, 409);
    all["ws.slot.reopen-loop"] = later(150, [](const Asked&, Answer& answer) {
        answer = refused(503, "a defect");
    });
}

} // namespace

void addNetDefects(Defects& all)
{
    addNetworkDefects(all);
    addTlsDefects(all);
    addSlotDefects(all);
}

} // namespace conformance::ws
