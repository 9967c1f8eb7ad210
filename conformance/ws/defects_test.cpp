// SPDX-License-Identifier: Apache-2.0
#include "defects.hpp"
#include "server_engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

/// Each defect that shows in bytes is one: to the stimulus of its case the
/// server says or delivers something else with it than without, and to a client
/// that does nothing special it does not.
namespace conformance::ws
{

namespace
{

using vmedia::nbd::append;
using namespace vmedia::nbd::literals;

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr MaskKey mask{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

struct Outcome
{
    std::string said{};
    std::string delivered{};
    bool over = false;
    Ending ending{};
    bool operator==(const Outcome&) const = default;
};

std::string text(ByteView bytes)
{
    std::string out;
    for (const std::byte one : bytes)
    {
        out += static_cast<char>(one);
    }
    return out;
}

struct Stimulus
{
    std::vector<std::string> segments{};
    TextRule policy = TextRule::reject;
};

Outcome outcome(const Stimulus& stimulus, const Deviation& deviation)
{
    Terms terms;
    terms.text = stimulus.policy;
    ServerEngine engine(terms, deviation);
    Outcome all;
    for (const std::string& segment : stimulus.segments)
    {
        engine.receive(std::as_bytes(std::span(segment)));
        for (const Event& event : engine.takeEvents())
        {
            all.delivered += text(event.bytes);
        }
        all.said += text(engine.takeOutput());
    }
    all.over = engine.isOver();
    all.ending = engine.ending();
    return all;
}

std::string asks(const std::function<void(Request&)>& change = {})
{
    Request request = upgradeRequest("localhost", "/", key);
    if (change)
    {
        change(request);
    }
    return request.text();
}

std::string asksWith(std::string_view name, std::string value)
{
    return asks([&](Request& request) { request.set(name, value); });
}

std::string asksAlsoWith(const std::string& name, const std::string& value)
{
    return asks([&](Request& request) { request.add(name, value); });
}

std::string asksWithout(std::string_view name)
{
    return asks([&](Request& request) { request.drop(name); });
}

std::string sends(Frame frame)
{
    frame.mask = frame.mask ? frame.mask : mask;
    return text(encode(frame));
}

std::string sendsUnmasked(const Frame& frame)
{
    return text(encode(frame));
}

std::string sendsOf(size_t size)
{
    return sends({.payload = Bytes(size, std::byte{'x'})});
}

std::string closes(uint16_t code, std::string_view reason = {})
{
    return sends({.opcode = Opcode::close, .payload = closeBody(code, reason)});
}

Bytes payload(std::string_view words)
{
    Bytes bytes;
    append(bytes, words);
    return bytes;
}

std::string fragment(Opcode opcode, bool fin, std::string_view words)
{
    return sends({.opcode = opcode, .payload = payload(words), .fin = fin});
}

/// Bytes in a segment each.
std::vector<std::string> single(const std::vector<std::string>& segments)
{
    std::vector<std::string> all;
    for (const std::string& segment : segments)
    {
        for (const char c : segment)
        {
            all.emplace_back(1, c);
        }
    }
    return all;
}

using Stimuli = std::map<std::string, Stimulus>;

void addRequests(Stimuli& all)
{
    const auto add = [&all](const std::string& id, std::string request) {
        all["ws.hs." + id] = {{std::move(request)}};
    };
    for (const std::string method : {"post", "put", "head", "options"})
    {
        std::string upper(method);
        std::ranges::transform(upper, upper.begin(), ::toupper);
        add("method-" + method,
            asks([&](Request& request) { request.method = upper; }));
    }
    add("http10", asks([](Request& r) { r.version = "HTTP/1.0"; }));
    add("http09", "GET /\r\n");
    add("http20-preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    add("accept-rfc-vector", asks());
    add("accept-key-as-string",
        asksWith("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZR=="));
    add("no-host", asksWithout("Host"));
    add("dup-host", asksAlsoWith("Host", "b"));
    add("no-upgrade", asksWithout("Upgrade"));
    add("upgrade-case", asksWith("Upgrade", "WeBsOcKeT"));
    add("upgrade-list", asksWith("Upgrade", "foo, websocket"));
    add("upgrade-wrong", asksWith("Upgrade", "foo"));
    add("no-connection", asksWithout("Connection"));
    add("connection-list", asksWith("Connection", "keep-alive, Upgrade"));
    add("connection-close", asksWith("Connection", "close"));
    add("connection-split", asksAlsoWith("Connection", "keep-alive"));
    add("no-key", asksWithout("Sec-WebSocket-Key"));
    add("key-empty", asksWith("Sec-WebSocket-Key", ""));
    add("key-len-15", asksWith("Sec-WebSocket-Key", "eHh4eHh4eHh4eHh4eHh4"));
    add("key-len-17",
        asksWith("Sec-WebSocket-Key", "eHh4eHh4eHh4eHh4eHh4eHg="));
    add("key-not-base64",
        asksWith("Sec-WebSocket-Key", "!!!!IHNhbXBsZSBub25jZQ=="));
    add("key-dup", asksAlsoWith("Sec-WebSocket-Key", std::string(key)));
    add("key-whitespace",
        asksWith("Sec-WebSocket-Key", fmt::format(" {} ", key)));
    add("no-version", asksWithout("Sec-WebSocket-Version"));
    for (const std::string version : {"12", "8", "0", "255", "abc"})
    {
        add("version-" + version, asksWith("Sec-WebSocket-Version", version));
    }
    add("version-426", asksWith("Sec-WebSocket-Version", "12"));
    add("version-list", asksWith("Sec-WebSocket-Version", "8, 13"));
    add("version-dup", asksAlsoWith("Sec-WebSocket-Version", "12"));
    const auto at = [](const std::string& target) {
        return asks([&](Request& request) { request.target = target; });
    };
    add("path-404", at("/no-such-path"));
    add("path-slash", at("//"));
    add("absolute-uri", at("http://localhost/"));
    add("fragment", at("/#a"));
    add("dotdot", at("/a/../b"));
    add("pct-encoded-slash", at("/%2e%2e%2f"));
    add("origin-foreign", asksAlsoWith("Origin", "http://evil.example"));
    add("unknown-headers", asksAlsoWith("X-Foo", "bar"));
    add("crlf-injection", asksAlsoWith("X", "a\r\nX-Vmedia-Evil: b"));
    add("bare-cr", asksAlsoWith("X", "a\rb"));
    add("obs-fold", asksAlsoWith("X", "a\r\n b"));
    add("nul-in-value", asksAlsoWith("X", std::string("a\0b", 3)));
    add("space-before-colon", asksAlsoWith("X ", "a"));
    add("header-8k", asksAlsoWith("X", std::string(8192, 'a')));
    add("header-64k", asksAlsoWith("X", std::string(65536, 'a')));
    add("body-cl5", asksAlsoWith("Content-Length", "5"));
    add("chunked-body", asksAlsoWith("Transfer-Encoding", "chunked"));
    add("pipelined-frame", asks() + sendsOf(3));
    all["ws.hs.second-request-after-101"] = {{asks(), asks()}};
    all["ws.hs.bytewise"] = {single({asks()})};
}

void addChoices(Stimuli& all)
{
    const std::string protocol = "Sec-WebSocket-Protocol";
    const std::string extension = "Sec-WebSocket-Extensions";
    all["ws.sub.none"] = {{asks()}};
    all["ws.sub.one"] = {{asksAlsoWith(protocol, "binary")}};
    all["ws.sub.list"] = {{asksAlsoWith(protocol, "a, b")}};
    all["ws.sub.split-headers"] = {
        {asks([&](Request& r) { r.add(protocol, "a").add(protocol, "b"); })}};
    all["ws.sub.token-secret"] = {{asksAlsoWith(protocol, "abc")}};
    all["ws.ext.not-offered"] = {{asks()}};
    for (const auto& [id, offer] : std::map<std::string, std::string>{
             {"ext.unknown", "x-foo; a=1"},
             {"ext.malformed", "permessage-deflate; =;;"},
             {"pmd.offer-default", "permessage-deflate"},
             {"pmd.offer-unknown-param", "permessage-deflate; x=1"},
             {"pmd.dup-param", "permessage-deflate; server_max_window_bits=9; "
                               "server_max_window_bits=10"},
             {"pmd.bits-7", "permessage-deflate; server_max_window_bits=7"},
             {"pmd.bits-16", "permessage-deflate; server_max_window_bits=16"},
             {"pmd.bits-08", "permessage-deflate; server_max_window_bits=08"},
             {"pmd.bits-quoted-15",
              "permessage-deflate; server_max_window_bits=\"15\""},
             {"pmd.server-max-window-bits-8",
              "permessage-deflate; server_max_window_bits=8"},
             {"pmd.client-max-window-bits",
              "permessage-deflate; client_max_window_bits"},
             {"pmd.two-offers", "permessage-deflate; x=1, permessage-deflate"},
             {"pmd.no-context-takeover",
              "permessage-deflate; server_no_context_takeover"}})
    {
        all["ws." + id] = {{asksAlsoWith(extension, offer)}};
    }
}

void addFrames(Stimuli& all)
{
    const auto add = [&all](const std::string& id, std::string frames) {
        all["ws." + id] = {{asks(), std::move(frames)}};
    };
    for (const size_t size :
         std::vector<size_t>{0, 1, 125, 126, 127, 128, 65535, 65536, 65537})
    {
        add(fmt::format("frm.len-{}", size), sendsOf(size));
    }
    for (const auto& [name, opcode] :
         std::map<std::string, Opcode>{{"ping", Opcode::ping},
                                       {"close", Opcode::close},
                                       {"binary", Opcode::binary}})
    {
        add("frm.unmasked-" + name,
            sendsUnmasked({.opcode = opcode, .payload = closeBody(1000)}));
        if (opcode != Opcode::binary)
        {
            add("frm.rsv-" + name, sends({.opcode = opcode, .rsv = 2}));
            add("frm.ctl-126-" + name,
                sends({.opcode = opcode,
                       .payload = closeBody(1000, std::string(124, 'a'))}));
            add("frag.ctl-fin0-" + name,
                sends({.opcode = opcode, .fin = false}));
        }
    }
    add("frm.ctl-126-pong",
        sends({.opcode = Opcode::pong, .payload = Bytes(126)}));
    add("frag.ctl-fin0-pong", sends({.opcode = Opcode::pong, .fin = false}));
    add("frm.unmasked-cont",
        fragment(Opcode::binary, false, "a") +
            sendsUnmasked({.opcode = Opcode::continuation}));
    add("frm.unmasked-empty", sendsUnmasked({}));
    add("frm.mask-zero", sends({.payload = payload("abc"), .mask = MaskKey{}}));
    add("frm.mask-per-frame", fragment(Opcode::binary, false, "abc") +
                                  sends({.opcode = Opcode::continuation,
                                         .payload = payload("def"),
                                         .mask = MaskKey{}}));
    for (int rsv = 1; rsv < 8; ++rsv)
    {
        add(fmt::format("frm.rsv{}-binary", rsv),
            sends(
                {.payload = payload("abc"), .rsv = static_cast<uint8_t>(rsv)}));
    }
    add("frm.rsv-cont", fragment(Opcode::binary, false, "a") +
                            sends({.opcode = Opcode::continuation, .rsv = 2}));
    all["ws.pmd.rsv1-without-negotiation"] = all["ws.frm.rsv4-binary"];
    all["ws.pmd.rsv1-on-continuation"] = all["ws.frm.rsv-cont"];
    all["ws.pmd.rsv1-on-control"] = all["ws.frm.rsv-ping"];
    for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    {
        add(fmt::format("frm.opcode-{}", opcode),
            sends({.opcode = static_cast<Opcode>(opcode)}));
    }
    for (const auto& [form, bits, size] :
         {std::tuple{LengthForm::bits16, 16, 5},
          {LengthForm::bits16, 16, 125},
          {LengthForm::bits64, 64, 5},
          {LengthForm::bits64, 64, 200},
          {LengthForm::bits64, 64, 65535}})
    {
        add(fmt::format("frm.nonmin-{}-of-{}", bits, size),
            sends({.payload = Bytes(static_cast<size_t>(size)), .form = form}));
    }
    add("frm.len64-msb", sends({.declared = uint64_t{1} << 63}));
    add("frm.len64-huge", sends({.declared = uint64_t{1} << 62}));
    add("frm.ctl-len16-small", sends({.opcode = Opcode::ping,
                                      .payload = payload("12345"),
                                      .form = LengthForm::bits16}));
    add("frm.trailing-garbage-after-fail",
        sends({.rsv = 1}) + sends({.opcode = Opcode::ping}));
    all["ws.frm.chop-1"] = {single({sendsOf(100)})};
    all["ws.frm.chop-1"].segments.insert(all["ws.frm.chop-1"].segments.begin(),
                                         asks());
    std::string many;
    for (int i = 0; i < 100; ++i)
    {
        many += sendsOf(3);
    }
    add("frm.coalesce-100", many);
}

void addFragments(Stimuli& all)
{
    const auto add = [&all](const std::string& id, std::string frames) {
        all["ws.frag." + id] = {{asks(), std::move(frames)}};
    };
    const auto first = [](std::string_view words) {
        return fragment(Opcode::binary, false, words);
    };
    const auto next = [](std::string_view words) {
        return fragment(Opcode::continuation, false, words);
    };
    const auto last = [](std::string_view words) {
        return fragment(Opcode::continuation, true, words);
    };
    add("2", first("a") + last("b"));
    add("3", first("a") + next("b") + last("c"));
    std::string eighteen = first("a");
    for (int i = 0; i < 16; ++i)
    {
        eighteen += next("b");
    }
    add("18x1", eighteen + last("c"));
    add("zero-first", first("") + last("b"));
    add("zero-mid", first("a") + next("") + last("b"));
    add("zero-last", first("a") + last(""));
    add("all-zero", first("") + last(""));
    const std::string ping = sends({.opcode = Opcode::ping});
    add("ping-between", first("a") + ping + last("b"));
    add("pings-between", first("a") + ping + ping + last("b"));
    add("pong-between",
        first("a") + sends({.opcode = Opcode::pong}) + last("b"));
    add("cont-first-fin0", next("a"));
    add("cont-first-fin1", last("a"));
    add("new-data-inside", first("a") + sendsOf(1));
    add("text-inside-binary", first("a") + fragment(Opcode::text, true, "b"));
    add("close-inside", first("a") + closes(1000));
}

void addControls(Stimuli& all)
{
    const auto add = [&all](const std::string& id, std::string frames) {
        all["ws." + id] = {{asks(), std::move(frames)}};
    };
    const auto pings = [](std::string_view words) {
        return sends({.opcode = Opcode::ping, .payload = payload(words)});
    };
    add("ctl.ping-0", pings(""));
    add("ctl.ping-5", pings("12345"));
    add("ctl.ping-125", pings(std::string(125, 'a')));
    add("ctl.ping-binary", pings("\xff\xfe"));
    std::string ten;
    for (int i = 0; i < 10; ++i)
    {
        ten += pings(fmt::format("{}", i));
    }
    add("ctl.ping-x10", ten);
    add("ctl.pong-unsolicited", sends({.opcode = Opcode::pong}));
    add("cls.empty", sends({.opcode = Opcode::close}));
    add("cls.1000", closes(1000));
    for (const size_t size : std::vector<size_t>{0, 1, 123, 124})
    {
        add(fmt::format("cls.reason-{}", size),
            closes(1000, std::string(size, 'a')));
    }
    add("cls.len-1", sends({.opcode = Opcode::close, .payload = Bytes(1)}));
    add("cls.reason-bad-utf8", closes(1000, "\xff"));
    for (const int code :
         {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
          1013, 1014, 3000, 3999, 4000, 4999, 0,    999,  1004, 1005,
          1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535})
    {
        add(fmt::format("cls.code-{}", code),
            closes(static_cast<uint16_t>(code)));
    }
    add("cls.twice", closes(1000) + closes(1000));
    add("cls.ping-after", closes(1000) + pings("a"));
    add("cls.data-after", closes(1000) + sendsOf(3));
    add("cls.server-closes-tcp", closes(1000));
    add("cls.no-fin-from-us", closes(1000));
}

void addTexts(Stimuli& all)
{
    const auto add = [&all](const std::string& id, std::string_view words,
                            bool fin = true) {
        all["ws.txt." + id] = {{asks(), fragment(Opcode::text, fin, words)},
                               TextRule::accept};
    };
    for (const std::string id :
         {"policy", "valid-utf8-nbd", "text-then-binary", "newline-injection"})
    {
        add(id, "NBDMAGIC");
    }
    add("empty", "");
    all["ws.txt.empty"].segments.push_back(sends({.opcode = Opcode::ping}));
    add("invalid-utf8", "\xff");
    add("surrogate", "\xed\xa0\x80");
    add("overlong", "\xc0\x80");
    add("above-10ffff", "\xf4\x90\x80\x80");
    add("truncated", "\xc3");
    add("failfast-frame", "\xff", false);
    add("failfast-chop", "\xff", false);
    all["ws.txt.split-code-point"] = {
        {asks(), fragment(Opcode::text, false, "\xc3"),
         fragment(Opcode::continuation, true, "\xa4")},
        TextRule::accept};
}

Stimuli stimuli()
{
    Stimuli all;
    addRequests(all);
    addChoices(all);
    addFrames(all);
    addFragments(all);
    addControls(all);
    addTexts(all);
    return all;
}

TEST(Defects, showInTheStimulusOfTheirCase)
{
    const Defects all = defects();
    for (const auto& [id, stimulus] : stimuli())
    {
        const auto found = all.find(id);
        ASSERT_NE(found, all.end()) << id;
        EXPECT_NE(outcome(stimulus, found->second), outcome(stimulus, {}))
            << id;
    }
}

/// Those of what every client does.
const std::set<std::string> ofEverybody{"ws.cls.1000",
                                        "ws.cls.code-1000",
                                        "ws.cls.reason-0",
                                        "ws.ext.not-offered",
                                        "ws.hs.accept-rfc-vector",
                                        "ws.sub.none",
                                        "ws.cls.server-closes-tcp",
                                        "ws.cls.no-fin-from-us",
                                        "ws.hs.bytewise"};

TEST(Defects, leaveAnOrdinarySessionAlone)
{
    const Stimulus ordinary{{asks(), sendsOf(28), sendsOf(40), closes(1000)}};
    const Outcome right = outcome(ordinary, {});
    const Defects all = defects();
    for (const auto& [id, stimulus] : stimuli())
    {
        if (!ofEverybody.contains(id))
        {
            EXPECT_EQ(outcome(ordinary, all.find(id)->second), right) << id;
        }
    }
}

} // namespace

} // namespace conformance::ws
