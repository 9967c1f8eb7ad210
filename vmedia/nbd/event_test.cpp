// SPDX-License-Identifier: Apache-2.0
#include "event.hpp"

#include <gtest/gtest.h>

namespace vmedia::nbd
{

namespace
{

using namespace std::chrono_literals;

/// 2026-11-21T01:02:03.004Z
constexpr std::chrono::system_clock::time_point then{1795222923004ms};

std::string json(Event event)
{
    event.time = then;
    return toJson(event);
}

} // namespace

TEST(Event, textAndJsonTellTheSameNegotiation)
{
    const Event event{Negotiated{Opt::go, "disk", 512, hasFlags | readOnly}, 3,
                      then};
    EXPECT_EQ(toText(event),
              "client 3: NBD negotiated (NBD_OPT_GO, export 'disk', 512 bytes, "
              "read-only)");
    EXPECT_EQ(json(event),
              R"({"time":"2026-11-21T01:02:03.004Z","level":"info",)"
              R"("event":"negotiated","client":3,"option":"NBD_OPT_GO",)"
              R"("export":"disk","bytes":512,"readonly":true,"flags":3})");
}

TEST(Event, listeningTellsOneExportOrHowMany)
{
    Listening one{"nbd://h:1", 1, 512, false, tls::Mode::require, true};
    EXPECT_EQ(toText({one}), "listening on nbd://h:1 (512 bytes, writable, TLS "
                             "required, in the kernel over TCP)");
    Listening many{"nbd://h:1", 3};
    EXPECT_EQ(toText({many}), "listening on nbd://h:1 (3 exports)");
    EXPECT_EQ(json({many}),
              R"({"time":"2026-11-21T01:02:03.004Z","level":"info",)"
              R"("event":"listening","uri":"nbd://h:1","exports":3,)"
              R"("tls":"off","kernel_tls":false})");
}

TEST(Event, whatAStrangerSentForgesNoLine)
{
    const Event event{Negotiated{Opt::go, "a'\n\"\xff", 1, hasFlags}, 1, then};
    EXPECT_NE(toText(event).find(R"(export 'a\x27\x0a"\xff', 1)"),
              std::string::npos);
    EXPECT_NE(json(event).find(R"("export":"a\\x27\\x0a\"\\xff")"),
              std::string::npos);
    const Event clean{Negotiated{Opt::go, "a'\n\"ä", 1, hasFlags}, 1, then};
    EXPECT_NE(json(clean).find(R"("export":"a'\n\"ä")"), std::string::npos);
}

TEST(Event, anEndTellsWhyAndHowMuch)
{
    Ended ended{SessionEnd::disconnected, {}, 7, 4096, 512, 1500ms};
    EXPECT_EQ(toText({ended, 2}),
              "client 2: ended by NBD_CMD_DISC (7 requests, "
              "4096 bytes read, 512 written)");
    EXPECT_EQ(json({ended, 2}),
              R"({"time":"2026-11-21T01:02:03.004Z","level":"info",)"
              R"("event":"ended","client":2,"reason":"disconnected",)"
              R"("requests":7,"read_bytes":4096,"written_bytes":512,)"
              R"("duration_ms":1500})");
    ended.how.reset();
    ended.error = Error{Errc::protocol, "no magic", "request", "stop"};
    EXPECT_EQ(toText({ended, 2}), "client 2: no magic (request); stop");
    EXPECT_NE(
        json({ended, 2})
            .find(R"("level":"warning","event":"ended","client":2,)"
                  R"("reason":"failed","error":"no magic","where":"request",)"
                  R"("hint":"stop","requests":7)"),
        std::string::npos);
}

} // namespace vmedia::nbd
