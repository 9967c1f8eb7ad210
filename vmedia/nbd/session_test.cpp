// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <cstring>

#include <gtest/gtest.h>

namespace vmedia::nbd
{
namespace asio = boost::asio;
using namespace literals;

namespace
{

/// A peer that is a script: it says its bytes in pieces of a given size, then
/// vanishes; what it was told is kept.
class Script : public Stream
{
  public:
    Script(ByteView says, size_t pieceSize) : rest(says), piece(pieceSize) {}

    asio::awaitable<Result<size_t>> readSome(asio::mutable_buffer into) override
    {
        if (rest.empty())
        {
            co_return fail(Errc::closedByPeer, "the script is at its end");
        }
        const size_t size = std::min({piece, into.size(), rest.size()});
        std::memcpy(into.data(), rest.data(), size);
        rest = rest.subspan(size);
        co_return size;
    }

    asio::awaitable<Result<void>>
        write(std::span<const asio::const_buffer> buffers) override
    {
        for (const asio::const_buffer& buffer : buffers)
        {
            append(told, ByteView(static_cast<const std::byte*>(buffer.data()),
                                  buffer.size()));
        }
        co_return Result<void>{};
    }

    Bytes told;

  private:
    ByteView rest;
    size_t piece;
};

struct Outcome
{
    Result<SessionEnd> end;
    Bytes told;
    Bytes disk; ///< the content afterwards
};

Outcome play(ByteView script, size_t piece = 1 << 20,
             tls::Mode mode = tls::Mode::off,
             const std::atomic<bool>* stopping = nullptr)
{
    Catalogue catalogue;
    catalogue.add("disk",
                  *exports::openMemory(4096, exports::Access::readWrite));
    Traffic traffic;
    SessionOptions options;
    options.tls = mode;
    options.stopping = stopping;
    Script peer(script, piece);
    asio::io_context context;
    auto future = asio::co_spawn(
        context, serve(peer, catalogue, traffic, options), asio::use_future);
    context.run();
    Outcome outcome{future.get(), std::move(peer.told), Bytes(4096)};
    catalogue.data[0]->read(outcome.disk, 0);
    return outcome;
}

template <size_t... sizes>
Bytes join(const std::array<std::byte, sizes>&... parts)
{
    Bytes out;
    (append(out, ByteView(parts)), ...);
    return out;
}

constexpr auto flags = "00000003"_hex;
constexpr auto unknownOption = "49484156454f5054 00007777 00000002 abcd"_hex;
constexpr auto go =
    "49484156454f5054 00000007 0000000a 00000004 6469736b 0000"_hex;
constexpr auto writeFour =
    "25609513 0000 0001 0000000000000001 0000000000000200 00000004 a1a2a3a4"_hex;
constexpr auto readFour =
    "25609513 0000 0000 0000000000000002 0000000000000200 00000004"_hex;
constexpr auto writeBeyond =
    "25609513 0000 0001 0000000000000003 0000000000001000 00000004 b1b2b3b4"_hex;
constexpr auto disconnect =
    "25609513 0000 0002 0000000000000004 0000000000000000 00000000"_hex;

const Bytes conversation = join(flags, unknownOption, go, writeFour,
                                writeBeyond, readFour, disconnect);

} // namespace

TEST(Session, answersAWholeConversation)
{
    const Outcome outcome = play(conversation);
    EXPECT_EQ(outcome.end, SessionEnd::disconnected);
    // The tail: write acknowledged, ENOSPC, read with its data; then nothing.
    constexpr auto tail =
        "67446698 00000000 0000000000000001 67446698 0000001c 0000000000000003"
        "67446698 00000000 0000000000000002 a1a2a3a4"_hex;
    ASSERT_GT(outcome.told.size(), tail.size());
    EXPECT_TRUE(std::equal(tail.rbegin(), tail.rend(), outcome.told.rbegin()));
}

TEST(Session, doesNotCareHowTheBytesAreCut)
{
    const Bytes whole = play(conversation).told;
    for (const size_t piece : {1U, 2U, 3U, 7U, 27U, 28U, 29U})
    {
        const Outcome outcome = play(conversation, piece);
        EXPECT_EQ(outcome.end, SessionEnd::disconnected);
        EXPECT_EQ(outcome.told, whole) << "pieces of " << piece;
    }
}

TEST(Session, endsWhereverThePeerVanishes)
{
    const Bytes whole = play(conversation).told;
    for (size_t size = 0; size < conversation.size(); ++size)
    {
        const Outcome outcome = play(ByteView(conversation).first(size));
        ASSERT_LE(outcome.told.size(), whole.size());
        EXPECT_TRUE(
            std::equal(outcome.told.begin(), outcome.told.end(), whole.begin()))
            << "after " << size << " bytes";
        if (!outcome.end)
        {
            EXPECT_EQ(outcome.end.error().code, Errc::closedByPeer);
        }
    }
}

TEST(Session, extendedHeadersAreUsedBothWays)
{
    constexpr auto extended = "49484156454f5054 0000000b 00000000"_hex;
    constexpr auto write =
        "21e41c71 0020 0001 0000000000000001 0000000000000200"
        "0000000000000004 a1a2a3a4"_hex;
    constexpr auto strayPayload = // a read that carries one
        "21e41c71 0020 0000 0000000000000002 0000000000000200"
        "0000000000000004 b1b2b3b4"_hex;
    constexpr auto read = "21e41c71 0000 0000 0000000000000003 0000000000000200"
                          "0000000000000004"_hex;
    const Outcome outcome =
        play(join(flags, extended, go, write, strayPayload, read), 5);
    EXPECT_EQ(outcome.end, SessionEnd::closed);
    constexpr auto tail = "6e8a278c 0001 0001 0000000000000003 0000000000000200"
                          "000000000000000c 0000000000000200 a1a2a3a4"_hex;
    ASSERT_GT(outcome.told.size(), tail.size());
    EXPECT_TRUE(std::equal(tail.rbegin(), tail.rend(), outcome.told.rbegin()));
}

TEST(Session, blockStatusTakesThePayloadThatNamesItsContexts)
{
    constexpr auto extended = "49484156454f5054 0000000b 00000000"_hex;
    constexpr auto setMeta = // base:allocation of "disk"
        "49484156454f5054 0000000a 0000001f 00000004 6469736b 00000001"
        "0000000f 626173653a616c6c6f636174696f6e"_hex;
    constexpr auto ask = "21e41c71 0028 0007 0000000000000001 0000000000000200"
                         "000000000000000c 0000000000000400 00000001"_hex;
    constexpr auto unknown =
        "21e41c71 0020 0007 0000000000000002 0000000000000200"
        "000000000000000c 0000000000000400 00000002"_hex;
    constexpr auto twice =
        "21e41c71 0020 0007 0000000000000003 0000000000000200"
        "0000000000000010 0000000000000400 00000001 00000001"_hex;
    constexpr auto beyond =
        "21e41c71 0020 0007 0000000000000004 0000000000000200"
        "000000000000000c ffffffffffffffff 00000001"_hex;
    const Bytes script = join(flags, extended, setMeta, go, ask, unknown, twice,
                              beyond, ask);
    // In pieces, and all at once: the payload may wait for its header.
    for (const size_t piece : {size_t{7}, size_t{1} << 20})
    {
        const Outcome outcome = play(script, piece);
        EXPECT_EQ(outcome.end, SessionEnd::closed);
        constexpr auto status =
            "6e8a278c 0001 0006 0000000000000001 0000000000000200"
            "0000000000000018 00000001 00000001"
            "0000000000000400 0000000000000003"_hex;
        constexpr auto einval =
            "6e8a278c 0001 8001 0000000000000002 0000000000000200"_hex;
        ASSERT_GT(outcome.told.size(), 2 * status.size());
        EXPECT_TRUE(
            std::equal(status.rbegin(), status.rend(), outcome.told.rbegin()));
        const auto first = std::search(outcome.told.begin(), outcome.told.end(),
                                       status.begin(), status.end());
        EXPECT_LT(first, outcome.told.end() - status.size());
        EXPECT_TRUE(
            std::equal(einval.begin(), einval.end(), first + status.size()));
    }
}

TEST(Session, aCompactRequestIsNotExecutedOnceHeadersAreExtended)
{
    constexpr auto extended = "49484156454f5054 0000000b 00000000"_hex;
    const Outcome outcome = play(join(flags, extended, go, writeFour));
    ASSERT_FALSE(outcome.end);
    EXPECT_EQ(outcome.end.error().code, Errc::protocol);
    EXPECT_EQ(outcome.disk, Bytes(4096));
}

TEST(Session, startTlsWithMoreBehindItEndsTheSession)
{
    constexpr auto startTls = "49484156454f5054 00000005 00000000"_hex;
    constexpr auto list = "49484156454f5054 00000003 00000000"_hex;
    const Outcome outcome = play(join(flags, startTls, list), 1 << 20,
                                 tls::Mode::require);
    ASSERT_FALSE(outcome.end);
    EXPECT_EQ(outcome.end.error().code, Errc::protocol);
    // The ACK was the last word: nothing was listed.
    constexpr auto ack = "0003e889045565a9 00000005 00000001 00000000"_hex;
    EXPECT_TRUE(std::equal(ack.rbegin(), ack.rend(), outcome.told.rbegin()));
    EXPECT_EQ(outcome.told.size(), 18 + ack.size());
}

TEST(Session, onceStoppingRequestsAreRefused)
{
    const std::atomic<bool> stopping = true;
    const Outcome outcome = play(join(flags, go), 1 << 20, tls::Mode::off,
                                 &stopping);
    constexpr auto shutdown = "80000007"_hex; // NBD_REP_ERR_SHUTDOWN
    EXPECT_NE(std::search(outcome.told.begin(), outcome.told.end(),
                          shutdown.begin(), shutdown.end()),
              outcome.told.end());
}

TEST(Session, anUnfinishedWriteChangesNothing)
{
    const Bytes script = join(flags, go, writeFour);
    const Outcome outcome = play(ByteView(script).first(script.size() - 1));
    EXPECT_FALSE(outcome.end);
    EXPECT_EQ(outcome.disk, Bytes(4096));
}

TEST(Session, anEndBetweenRequestsIsNoError)
{
    EXPECT_EQ(play(join(flags, go)).end, SessionEnd::closed);
    EXPECT_EQ(play(join(flags, go, readFour)).end, SessionEnd::closed);
}

TEST(Session, aWriteOfNoBytesStoresNothingOfTheOneBefore)
{
    constexpr auto writeNothing =
        "25609513 0000 0001 0000000000000005 0000000000000800 00000000"_hex;
    constexpr auto writeNothingAtTheEnd = // 4 bytes would be out of bounds
        "25609513 0000 0001 0000000000000006 0000000000001000 00000000"_hex;
    const Outcome outcome =
        play(join(flags, go, writeFour, writeNothing, writeNothingAtTheEnd));
    EXPECT_EQ(outcome.end, SessionEnd::closed);
    Bytes wanted(4096);
    std::copy(writeFour.end() - 4, writeFour.end(), wanted.begin() + 0x200);
    EXPECT_EQ(outcome.disk, wanted);
}

TEST(Session, neverExecutesWhatHasNoMagic)
{
    auto wrong = writeFour;
    wrong[3] = std::byte{0x14};
    const Outcome outcome = play(join(flags, go, wrong));
    ASSERT_FALSE(outcome.end);
    EXPECT_EQ(outcome.end.error().code, Errc::protocol);
    EXPECT_EQ(outcome.disk, Bytes(4096));
}

TEST(Session, givesUpOnWhatNoServerShouldBuffer)
{
    constexpr auto option = "49484156454f5054 00007777 ffffffff"_hex;
    EXPECT_EQ(play(join(flags, option)).end.error().code, Errc::protocol);
    constexpr auto write =
        "25609513 0000 0001 0000000000000001 0000000000000000 ffffffff"_hex;
    EXPECT_EQ(play(join(flags, go, write)).end.error().code, Errc::protocol);
}

TEST(Session, skipsALongOptionAndStaysInStep)
{
    Bytes script = join(flags);
    append(script, encode(OptionHeader{Opt{0x7777}, 1 << 20}));
    script.resize(script.size() + (1 << 20));
    append(script, ByteView(go));
    append(script, ByteView(disconnect));
    EXPECT_EQ(play(script).end, SessionEnd::disconnected);
}

TEST(Session, abortIsAnOrderlyEnd)
{
    constexpr auto abort = "49484156454f5054 00000002 00000000"_hex;
    const Outcome outcome = play(join(flags, abort));
    EXPECT_EQ(outcome.end, SessionEnd::aborted);
}

} // namespace vmedia::nbd
