// SPDX-License-Identifier: Apache-2.0
#include "forward.hpp"

#include "extents.hpp"
#include "upstream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace vmedia::exports
{

namespace
{

using Clock = Upstream::Clock;
using Terms = Upstream::Terms;

constexpr size_t connectionsMost = 4;

// What carries no data may be longer than what does, in whole blocks of any
// size.
constexpr uint64_t rangeMost = 1 << 30;

// We poll. As NBD_NULL_COMPLETION, which is C99 and no C++.
constexpr nbd_completion_callback noCallback{};

int onExtents(void* list, const char*, uint64_t, uint32_t* entries,
              size_t count, int*)
{
    auto* into = static_cast<ExtentList*>(list);
    bool more = true;
    for (size_t i = 0; more && i + 1 < count; i += 2)
    {
        const uint32_t flags = entries[i + 1];
        more = into->add({entries[i], (flags & LIBNBD_STATE_HOLE) != 0,
                          (flags & LIBNBD_STATE_ZERO) != 0});
    }
    return 0;
}

/// What a server that came back no longer is; our clients were promised it.
/// Empty: it is as it was.
std::string broken(const Terms& before, const Abilities& promised,
                   const Terms& now)
{
    if (now.size != before.size)
    {
        return fmt::format("it has {} bytes, and had {}", now.size,
                           before.size);
    }
    if (promised.write && !now.can.write)
    {
        return "it is read-only, and was writable";
    }
    if (before.several && !now.several)
    {
        return "it no longer lets several connections share their flushes";
    }
    const std::pair<bool Abilities::*, const char*> kinds[] = {
        {&Abilities::flush, "flush"},
        {&Abilities::trim, "trim"},
        {&Abilities::zero, "write zeroes"},
        {&Abilities::fastZero, "say whether zeroes are fast"},
        {&Abilities::cache, "cache"},
        {&Abilities::extents, "tell its extents"}};
    for (const auto& [kind, name] : kinds)
    {
        if (promised.*kind && !(now.can.*kind))
        {
            return fmt::format("it cannot {}, and could", name);
        }
    }
    return {};
}

/// What the operator heard last. A new reason for the same trouble is no news.
enum class News : uint8_t
{
    none, ///< all is well, as far as we know
    busy,
    gone,
    unreachable,
    changed,
};

/// A connection, or the place for one.
using Slot = std::optional<Upstream>;

class ForwardExport : public Export
{
  public:
    ForwardExport(ForwardOptions with, std::vector<Slot> connected,
                  Access mode) :
        options(std::move(with)), slots(std::move(connected)),
        met(slots.front()->terms()), can(met.can)
    {
        if (mode == Access::readOnly)
        {
            can.write = can.flush = can.trim = can.zero = can.fastZero = false;
        }
        for (Slot& slot : slots)
        {
            idle.push_back(&slot);
        }
    }

    uint64_t size() const override
    {
        return static_cast<uint64_t>(met.size);
    }
    Abilities abilities() const override
    {
        return can;
    }
    bool mayWait(Operation, uint64_t, uint64_t) override
    {
        return true;
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        return inPieces(offset, into.size(), 0,
                        [&](nbd_handle* to, uint64_t at, uint64_t length) {
            return nbd_aio_pread(to, into.data() + (at - offset), length, at,
                                 noCallback, 0);
        });
    }
    int write(std::span<const std::byte> from, uint64_t offset) override
    {
        return changing(offset, from.size(), 0,
                        [&](nbd_handle* to, uint64_t at, uint64_t length) {
            return nbd_aio_pwrite(to, from.data() + (at - offset), length, at,
                                  noCallback, 0);
        });
    }
    int flush() override
    {
        if (!can.flush)
        {
            return Export::flush();
        }
        const uint64_t before = changes;
        int error = borrowing([](Upstream& to, Clock::time_point deadline) {
            return to.perform([](nbd_handle* handle) {
                return nbd_aio_flush(handle, noCallback, 0);
            }, deadline);
        });
        if (error == 0)
        {
            // What it had not flushed when it went, it need not have.
            error = lost.exchange(false) ? EIO : 0;
            safe = std::max(safe.load(), before);
        }
        return error;
    }
    int trim(uint64_t offset, uint64_t length) override
    {
        return changing(offset, length, rangeMost,
                        [](nbd_handle* to, uint64_t at, uint64_t piece) {
            return nbd_aio_trim(to, piece, at, noCallback, 0);
        });
    }
    int zero(uint64_t offset, uint64_t length, Zeroing how) override
    {
        const uint32_t flags =
            (how.mayPunch ? 0U : uint32_t{LIBNBD_CMD_FLAG_NO_HOLE}) |
            (how.fastOnly ? uint32_t{LIBNBD_CMD_FLAG_FAST_ZERO} : 0U);
        return changing(offset, length, rangeMost,
                        [flags](nbd_handle* to, uint64_t at, uint64_t piece) {
            return nbd_aio_zero(to, piece, at, noCallback, flags);
        });
    }
    int cache(uint64_t offset, uint64_t length) override
    {
        return inPieces(offset, length, rangeMost,
                        [](nbd_handle* to, uint64_t at, uint64_t piece) {
            return nbd_aio_cache(to, piece, at, noCallback, 0);
        });
    }
    int extents(uint64_t offset, uint64_t length, size_t most,
                std::vector<Extent>& out) override
    {
        if (!can.extents) // as of an oldstyle server
        {
            return Export::extents(offset, length, most, out);
        }
        const size_t before = out.size();
        ExtentList list(out, length, most);
        const uint32_t flags = most == 1 ? uint32_t{LIBNBD_CMD_FLAG_REQ_ONE}
                                         : 0U;
        const int error =
            borrowing([&](Upstream& to, Clock::time_point deadline) {
            return to.perform([&](nbd_handle* handle) {
                return nbd_aio_block_status(handle, std::min(length, rangeMost),
                                            offset, {onExtents, &list, nullptr},
                                            noCallback, flags);
            }, deadline);
        });
        return error == 0 && out.size() == before ? EIO : error;
    }

  private:
    /// A request has its connection for itself. Null: none came free in time.
    Slot* take(Clock::time_point deadline)
    {
        std::unique_lock lock(mutex);
        if (!freed.wait_until(lock, deadline, [this] { return !idle.empty(); }))
        {
            tell(News::busy, fmt::format("no connection came free within {} s",
                                         options.timeout.count()));
            return nullptr;
        }
        Slot* taken = idle.back();
        idle.pop_back();
        return taken;
    }

    void giveBack(Slot* taken, bool worked)
    {
        const std::scoped_lock lock(mutex);
        if (worked)
        {
            told = News::none;
        }
        idle.push_back(taken);
        freed.notify_one();
    }

    /// With the mutex held.
    void tell(News news, std::string_view text)
    {
        if (news != told && options.notice)
        {
            options.notice(fmt::format("{}: {}", options.uri, text));
        }
        told = news;
    }

    void drop(Slot& slot, std::string_view why)
    {
        slot.reset();
        const std::scoped_lock lock(mutex);
        const bool unsafe = changes > safe;
        lost = lost || unsafe;
        // Those that broke for the same reason are not worth a line each.
        for (Slot* other : idle)
        {
            if (*other && !(*other)->alive())
            {
                other->reset();
            }
        }
        if (told == News::none || told == News::busy)
        {
            tell(News::gone,
                 fmt::format("{}{}; connecting again at the next request", why,
                             unsafe ? "; what was not flushed may be lost"
                                    : ""));
        }
    }

    /// False: there is no connection, and it was told why.
    bool ensure(Slot& slot, Clock::time_point deadline)
    {
        if (slot && !slot->alive())
        {
            drop(slot, "the server ended the connection");
        }
        if (slot)
        {
            return true;
        }
        Result<Upstream> again = Upstream::connect(options.uri, deadline);
        const std::string difference = again ? broken(met, can, again->terms())
                                             : std::string();
        const std::scoped_lock lock(mutex);
        if (!again)
        {
            const std::string text = describe(again.error());
            tell(News::unreachable,
                 fmt::format("not connected: {}",
                             text.starts_with(options.uri + ": ")
                                 ? text.substr(options.uri.size() + 2)
                                 : text));
            return false;
        }
        if (!difference.empty())
        {
            tell(News::changed,
                 fmt::format("came back changed: {}; requests fail until it "
                             "is as before, or start again",
                             difference));
            return false;
        }
        tell(News::none, "connected again");
        slot.emplace(std::move(*again));
        return true;
    }

    int borrowing(const auto& call)
    {
        const auto deadline = Clock::now() + options.timeout;
        Slot* slot = take(deadline);
        if (slot == nullptr)
        {
            return EIO;
        }
        int error = EIO;
        if (ensure(*slot, deadline))
        {
            error = call(**slot, deadline);
            const bool late = error == ETIMEDOUT && Clock::now() >= deadline;
            if (late || (error != 0 && !(*slot)->alive()))
            {
                drop(*slot, late ? fmt::format("no answer within {} s",
                                               options.timeout.count())
                                 : "the server ended the connection");
                // What broke it is of no use to a client of ours.
                error = EIO;
            }
        }
        giveBack(slot, error == 0);
        return error;
    }

    /// @p most of 0: what carries data.
    int inPieces(uint64_t offset, uint64_t length, uint64_t most,
                 const auto& start)
    {
        return borrowing([&](Upstream& to, Clock::time_point deadline) {
            const uint64_t limit = most != 0 ? most : to.pieceMost();
            int error = 0;
            while (error == 0 && length > 0)
            {
                const uint64_t piece = std::min(length, limit);
                error = to.perform([&](nbd_handle* handle) {
                    return start(handle, offset, piece);
                }, deadline);
                offset += piece;
                length -= piece;
            }
            return error;
        });
    }

    int changing(uint64_t offset, uint64_t length, uint64_t most,
                 const auto& start)
    {
        const int error = inPieces(offset, length, most, start);
        ++changes; // a flush that began before does not cover it
        return error;
    }

    ForwardOptions options;
    std::vector<Slot> slots;
    Terms met; ///< what our clients were told
    Abilities can;
    std::mutex mutex;
    std::condition_variable freed;
    std::vector<Slot*> idle;
    News told = News::none;
    std::atomic<uint64_t> changes = 0; ///< writes that came back
    std::atomic<uint64_t> safe = 0;    ///< of these, the flushed ones
    std::atomic<bool> lost = false;    ///< the next flush has to say so
};

} // namespace

Result<ExportPointer> openForward(ForwardOptions options, Access access)
{
    const auto deadline = Clock::now() + options.timeout;
    Result<Upstream> first = Upstream::connect(options.uri, deadline);
    if (!first)
    {
        return tl::unexpected(first.error());
    }
    const Terms terms = first->terms();
    if (terms.size <= 0)
    {
        return fail(Errc::io,
                    fmt::format("{}: has {} bytes", options.uri, terms.size),
                    "name an export with content");
    }
    std::vector<Slot> slots;
    slots.emplace_back(std::move(*first));
    // Its flush then covers what the other connections wrote.
    while (terms.several && slots.size() < connectionsMost)
    {
        Result<Upstream> next = Upstream::connect(options.uri, deadline);
        if (!next || next->terms().size != terms.size)
        {
            break; // it may have a limit: fewer are only slower
        }
        slots.emplace_back(std::move(*next));
    }
    return std::make_unique<ForwardExport>(std::move(options), std::move(slots),
                                           access);
}

} // namespace vmedia::exports
