// SPDX-License-Identifier: Apache-2.0
#include "all_cases.hpp"
#include "client_play.hpp"
#include "framings.hpp"
#include "unread.hpp"
#include "usage_watch.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

namespace conformance::ws
{

namespace
{

using namespace vmedia::nbd;
using Clock = std::chrono::steady_clock;

constexpr std::string_view spec = "RFC 6455, 10.4";

/// Its answers wait where they are, for nobody reads them.
Verdict boundsOutput(Peer& peer)
{
    constexpr size_t requests = 10000;
    constexpr uint32_t length = 16U << 10; // 160 MiB of answers
    constexpr uint64_t growthMax = 48 * mebi;
    if (!peer.mayWatch())
    {
        return leaveOut(peer, "only a client that we started has its memory "
                              "watched");
    }
    peer.open();
    ClientPlay play;
    play.begin(peer);
    UsageWatch usage(peer);
    Bytes all;
    for (size_t i = 0; i < requests; ++i)
    {
        append(all, encode(ClientPlay::request(peer, Cmd::read, 0, length)));
    }
    peer.sendUnread(inMessages(peer, all, size_t{28} * 64),
                    fmt::format("{} reads of {} KiB", requests, length >> 10));
    usage.wantMemoryBelow(growthMax);
    peer.reset();
    return peer.verdict();
}

/// Seconds from a write of @p size in frames of 1 KiB to its reply.
double timeOf(Peer& peer, const ClientPlay& play, size_t size)
{
    const NbdRequest request = ClientPlay::request(
        peer, Cmd::write, play.exportSize(), static_cast<uint32_t>(size));
    Bytes all;
    append(all, encode(request));
    all.resize(all.size() + size);
    const Bytes frames = inMessages(peer, all, 1024);
    const auto began = Clock::now();
    peer.sendBytes(frames, fmt::format("a write of {} KiB in messages of 1 KiB",
                                       size >> 10));
    ClientPlay::hearReply(peer, request);
    return std::chrono::duration<double>(Clock::now() - began).count();
}

/// Twice as much takes twice the time, and not four times.
Verdict takesLongMessages(Peer& peer)
{
    constexpr size_t size = 8U << 20; // below the longest that servers take
    constexpr size_t part = 8;
    constexpr double factorMax = 3;   // of linear time
    peer.open();
    ClientPlay play;
    play.begin(peer);
    double little = timeOf(peer, play, size / part);
    little = std::min(little,
                      timeOf(peer, play, size / part)); // it is warm now
    const double whole = timeOf(peer, play, size);
    const double allowed = std::max(1.0, factorMax * part * little);
    peer.note(fmt::format("{:.3f} s and {:.3f} s", little, whole));
    peer.want(whole <= allowed,
              fmt::format("{:.1f} s, where an {}th of it took {:.3f} s", whole,
                          part, little),
              "a time that grows as the message does");
    peer.closeWell();
    return peer.verdict();
}

/// The medium is gone: an error, and not silence.
Verdict outlivesImage(Peer& peer)
{
    peer.open();
    ClientPlay play;
    play.begin(peer);
    if (peer.stopped())
    {
        return peer.verdict();
    }
    std::error_code failed;
    std::filesystem::resize_file(peer.profile().image, 0, failed);
    peer.note("the image has 0 bytes now");
    const NbdRequest request = ClientPlay::request(peer, Cmd::read, 512U << 10,
                                                   64U << 10);
    peer.sendData(encode(request));
    const auto error = ClientPlay::hearReply(peer, request);
    if (error)
    {
        peer.want(*error != ErrorValue::none, "a reply without an error",
                  "a reply with an error");
    }
    peer.wantOpenStill();
    return peer.verdict();
}

/// A double has 53 bits: what is above must not come back into the export.
Verdict keepsOffsets(Peer& peer)
{
    peer.open();
    ClientPlay play;
    play.begin(peer);
    for (const uint64_t offset :
         {uint64_t{1} << 53, (uint64_t{1} << 53) + 1, uint64_t{1} << 63,
          ~uint64_t{0} - 511, uint64_t{1} << 32})
    {
        if (offset < play.exportSize() || peer.stopped())
        {
            continue;
        }
        const NbdRequest request = ClientPlay::request(peer, Cmd::read, offset,
                                                       512);
        peer.sendData(encode(request));
        const auto error = ClientPlay::hearReply(peer, request);
        peer.want(error && *error != ErrorValue::none,
                  fmt::format("data from offset {} of an export of {} bytes",
                              offset, play.exportSize()),
                  "a reply with an error");
    }
    peer.wantOpenStill();
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "ws.clt.resources.unread",
        .spec = spec,
        .says = "What nobody reads has to wait where it is: a client that "
                "makes all answers at once can be filled by one server.",
        .level = Level::robustness,
        .sends = "10000 reads of 16 KiB, and nothing is read",
        .wants = "less than 48 MiB more memory",
        .needs = Needs::nbdServer,
        .run = boundsOutput,
    },
    {
        .id = "ws.clt.resources.linear-time",
        .spec = spec,
        .says = "Who puts a message together anew for each frame takes hours "
                "for a disk.",
        .level = Level::robustness,
        .sends = "a write of 8 MiB beyond the end, in messages of 1 KiB",
        .wants = "a time that grows as the message does",
        .needs = Needs::nbdServer,
        .run = takesLongMessages,
    },
    {
        .id = "ws.clt.resources.image-vanishes",
        .spec = spec,
        .says = "A stick that is pulled out ends no session: the host has to "
                "hear of an error.",
        .level = Level::robustness,
        .sends = "a read when the image has become empty",
        .wants = "a reply with an error, and an open connection",
        .needs = Needs::nbdServer | Needs::image,
        .run = outlivesImage,
    },
    {
        .id = "ws.clt.resources.offset-53-bits",
        .spec = spec,
        .says = "An offset has 64 bits; a number of JavaScript has 53.",
        .level = Level::robustness,
        .sends = "reads far behind the end: from 2^53, 2^63 and others on",
        .wants = "replies with an error, and an open connection",
        .needs = Needs::nbdServer,
        .run = keepsOffsets,
    },
};

} // namespace

std::span<const Case> clientResourceCases()
{
    return cases;
}

} // namespace conformance::ws
