// SPDX-License-Identifier: Apache-2.0
#include "wire_log.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace conformance
{

using std::chrono::microseconds;
using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;
using Clock = std::chrono::steady_clock;

namespace
{

/// In the order of WireKind.
constexpr std::array<std::string_view, 13> kinds = {
    "sent",   "received",   "connected",    "refused",
    "tls",    "end sent",   "end received", "reset received",
    "closed", "reset sent", "silence",      "note",
    "cut"};

/// Reads and writes that follow each other so soon are one entry: a reader
/// takes a message in several pieces.
constexpr uint64_t sameMoment = 1000; // µs

size_t keptIn(const WireEntry& entry)
{
    return entry.head.size() + entry.tail.size();
}

} // namespace

std::string_view nameOf(WireKind kind)
{
    return kinds.at(static_cast<size_t>(kind));
}

std::optional<WireKind> wireKindOf(std::string_view name)
{
    const auto* found = std::ranges::find(kinds, name);
    if (found == kinds.end())
    {
        return std::nullopt;
    }
    return static_cast<WireKind>(found - kinds.begin());
}

WireLog::WireLog(Limits bounds) :
    limits(bounds), start(Clock::now()),
    began(std::chrono::duration_cast<microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count())
{}

uint64_t WireLog::now() const
{
    return static_cast<uint64_t>(
        std::chrono::duration_cast<microseconds>(Clock::now() - start).count());
}

uint32_t WireLog::connected(std::string where)
{
    ++connections;
    event(WireKind::connected, connections, std::move(where));
    return connections;
}

void WireLog::refused(std::string why)
{
    ++connections;
    event(WireKind::refused, connections, std::move(why));
}

void WireLog::sent(uint32_t connection, ByteView bytes, bool below)
{
    carry(WireKind::sent, connection, bytes, below);
}

void WireLog::received(uint32_t connection, ByteView bytes, bool below)
{
    carry(WireKind::received, connection, bytes, below);
}

void WireLog::event(WireKind kind, uint32_t connection, std::string text)
{
    constexpr size_t longest = 1024;
    if (text.size() > longest)
    {
        text.resize(longest);
    }
    add({.kind = kind,
         .at = now(),
         .connection = connection,
         .text = std::move(text)});
}

void WireLog::carry(WireKind kind, uint32_t connection, ByteView bytes,
                    bool below)
{
    if (bytes.empty())
    {
        return;
    }
    WireEntry* last = !late.empty()    ? &late.back()
                      : !early.empty() ? &early.back()
                                       : nullptr;
    if (last == nullptr || last->kind != kind ||
        last->connection != connection || last->below != below ||
        now() - last->at > sameMoment)
    {
        add({.kind = kind,
             .at = now(),
             .connection = connection,
             .below = below});
        last = late.empty() ? &early.back() : &late.back();
    }
    const size_t before = keptIn(*last);
    extend(*last, bytes);
    (late.empty() ? earlyBytes : lateBytes) += keptIn(*last) - before;
    earlyFull = earlyFull || earlyBytes >= limits.bytes;
    trim();
}

void WireLog::extend(WireEntry& entry, ByteView bytes)
{
    entry.length += bytes.size();
    const size_t first = std::min(bytes.size(),
                                  limits.head - entry.head.size());
    vmedia::nbd::append(entry.head, bytes.first(first));
    const ByteView rest = bytes.subspan(first);
    const ByteView last = rest.last(std::min(rest.size(), limits.tail));
    vmedia::nbd::append(entry.tail, last);
    if (entry.tail.size() > limits.tail)
    {
        entry.tail.erase(entry.tail.begin(),
                         entry.tail.end() -
                             static_cast<std::ptrdiff_t>(limits.tail));
    }
}

void WireLog::add(WireEntry entry)
{
    if (!earlyFull && early.size() < limits.entries)
    {
        early.push_back(std::move(entry));
        return;
    }
    earlyFull = true;
    late.push_back(std::move(entry));
    trim();
}

/// The oldest of the end go, so that the end stays the end.
void WireLog::trim()
{
    while (late.size() > limits.entries ||
           (lateBytes > limits.bytes && late.size() > 1))
    {
        lose(late.front());
        late.pop_front();
    }
}

void WireLog::lose(const WireEntry& entry)
{
    if (gap.length++ == 0)
    {
        gap.at = entry.at;
    }
    lateBytes -= keptIn(entry);
    if (!entry.isBytes() || entry.below)
    {
        return;
    }
    auto found = std::ranges::find(gap.lost, entry.connection,
                                   &WireLoss::connection);
    if (found == gap.lost.end())
    {
        found = gap.lost.insert(found, {entry.connection, 0, 0});
    }
    (entry.kind == WireKind::sent ? found->sent
                                  : found->received) += entry.length;
}

Wire WireLog::take()
{
    Wire wire{.began = began, .entries = std::exchange(early, {})};
    if (gap.length != 0)
    {
        wire.entries.push_back(
            std::exchange(gap, WireEntry{.kind = WireKind::cut}));
    }
    std::ranges::move(late, std::back_inserter(wire.entries));
    late.clear();
    earlyBytes = lateBytes = 0;
    earlyFull = false;
    return wire;
}

} // namespace conformance
