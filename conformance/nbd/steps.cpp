// SPDX-License-Identifier: Apache-2.0
#include "steps.hpp"

#include "conformance/busy_threads.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;
using std::chrono::milliseconds;

uint64_t go(Peer& peer)
{
    peer.sendInfo(Opt::go, peer.profile().exportName);
    const auto answer = peer.wantAnswer(Opt::go, {Rep::ack});
    const auto info = answer ? answer->exportInfo() : std::nullopt;
    const uint64_t size = info ? info->size : 0;
    if (size < uint64_t{4} * block)
    {
        peer.conclude(notApplicable("the export is smaller than 2048 bytes"));
    }
    return size;
}

uint64_t goOverTls(Peer& peer)
{
    peer.secure();
    return peer.stopped() ? 0 : go(peer);
}

Bytes optionBytes(Opt option, ByteView data)
{
    Bytes bytes;
    append(bytes,
           encode(OptionHeader{option, static_cast<uint32_t>(data.size())}));
    append(bytes, data);
    return bytes;
}

Bytes requestBytes(Cmd type, uint64_t cookie, uint64_t offset, uint32_t length)
{
    Bytes bytes;
    append(bytes, encode(Request{0, type, cookie, offset, length}));
    return bytes;
}

void adopt(Peer& peer, const Peer& other)
{
    peer.note("-- another client");
    for (const std::string& line : other.transcript())
    {
        peer.note(line);
    }
    if (other.stopped())
    {
        peer.conclude(other.verdict());
    }
}

Verdict wantNothingPlain(Peer& peer)
{
    if (peer.stopped())
    {
        return peer.verdict();
    }
    constexpr size_t enough = 4096; // TLS alerts are shorter by far
    const Received received = peer.channel()->wire().receive(enough,
                                                             peer.patience());
    peer.note(fmt::format("<- on the wire: {}{}", dump(received.bytes),
                          received.ended == Ended::closed ? ", closed" : ""));
    const Bytes magic = [] {
        Bytes bytes;
        append(bytes, optionReplyMagic);
        return bytes;
    }();
    peer.want(std::search(received.bytes.begin(), received.bytes.end(),
                          magic.begin(), magic.end()) == received.bytes.end(),
              "a reply in clear: " + dump(received.bytes),
              "no reply in clear, and a closed connection");
    peer.want(received.ended == Ended::closed, "the connection was still open",
              "a closed connection");
    return peer.verdict();
}

Verdict wantOthersServed(Peer& peer)
{
    Peer other = peer.another();
    other.start();
    if (covers(peer.profile().offers, Needs::tlsRequired))
    {
        other.secure();
    }
    other.wantUsable();
    other.sendOption(Opt::abort);
    adopt(peer, other);
    return peer.verdict();
}

namespace
{

/// How long the busiest of the target's threads is ready to run within
/// @p window.
milliseconds busiest(milliseconds window)
{
    const auto before = busyThreadsBelow(::getpid());
    // What is measured is time itself; nothing is waited for.
    ::poll(nullptr, 0, static_cast<int>(window.count()));
    std::chrono::nanoseconds most{};
    for (const auto& [thread, busy] : busyThreadsBelow(::getpid()))
    {
        const auto then = before.find(thread);
        most = std::max(most, busy - (then == before.end()
                                          ? std::chrono::nanoseconds{}
                                          : then->second));
    }
    return std::chrono::duration_cast<milliseconds>(most);
}

} // namespace

Verdict wantNoSpin(Peer& peer)
{
    if (peer.stopped() || peer.process() == nullptr)
    {
        return peer.verdict();
    }
    constexpr milliseconds window{200};
    const auto until = std::chrono::steady_clock::now() + peer.patience();
    milliseconds spent{};
    do
    {
        spent = busiest(window);
        if (spent < window / 8)
        {
            return peer.verdict();
        }
    } while (std::chrono::steady_clock::now() < until);
    peer.conclude(failed(fmt::format("a thread is busy for {} ms of {} ms, "
                                     "after the last client had left",
                                     spent.count(), window.count()),
                         "a target that waits without work"));
    return peer.verdict();
}

} // namespace conformance::nbd
