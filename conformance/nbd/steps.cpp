// SPDX-License-Identifier: Apache-2.0
#include "steps.hpp"

#include "conformance/transport/busy_threads.hpp"
#include "vmedia/nbd/chunk.hpp"
#include "vmedia/nbd/terms.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

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
        peer.conclude(notApplicable("the export is smaller than 16 KiB"));
    }
    return size;
}

uint32_t minimumTold(Peer& peer)
{
    peer.sendInfo(Opt::info, peer.profile().exportName, {Info::blockSize});
    const auto answer = peer.wantAnswer(Opt::info, {Rep::ack});
    const auto found = answer ? answer->infos(Info::blockSize)
                              : std::vector<ByteView>{};
    return !found.empty() && found.front().size() >= 4
               ? Reader{found.front()}.u32()
               : 0;
}

void needOption(Peer& peer, Opt option, ByteView data)
{
    peer.sendOption(option, data);
    const auto answer = peer.wantAnswer(option);
    if (answer && !answer->acknowledged())
    {
        peer.conclude(notApplicable(fmt::format("{} gets {}", nameOf(option),
                                                nameOf(answer->last.type))));
    }
}

Bytes allocationQuery(const Peer& peer)
{
    const std::string_view query[] = {allocationContext};
    return encodeMetaRequest(peer.profile().exportName, query);
}

uint32_t selectAllocation(Peer& peer)
{
    peer.sendOption(Opt::setMetaContext, allocationQuery(peer));
    const auto answer = peer.wantAnswer(Opt::setMetaContext);
    if (answer && (answer->parts.empty() || !answer->acknowledged() ||
                   answer->parts.front().data.size() < 4))
    {
        peer.conclude(notApplicable("base:allocation cannot be selected"));
    }
    return answer && !peer.stopped() ? Reader{answer->parts.front().data}.u32()
                                     : 0;
}

Bytes optionBytes(Opt option, ByteView data)
{
    Bytes bytes;
    append(bytes,
           encode(OptionHeader{option, static_cast<uint32_t>(data.size())}));
    append(bytes, data);
    return bytes;
}

Bytes requestBytes(const Request& request, ByteView payload)
{
    Bytes bytes;
    append(bytes, encode(request));
    append(bytes, payload);
    return bytes;
}

void adopt(Peer& peer, const Peer& other)
{
    if (other.stopped())
    {
        peer.conclude(other.verdict());
    }
}

Verdict wantOthersServed(Peer& peer)
{
    onAnother(peer, [](Peer& other) {
        if (covers(other.profile().offers, Needs::tlsRequired))
        {
            other.secure();
        }
        other.wantUsable();
        other.sendOption(Opt::abort);
    });
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
