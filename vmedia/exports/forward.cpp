// SPDX-License-Identifier: Apache-2.0
#include "export.hpp"
#include "extents.hpp"

#include <fmt/format.h>
#include <libnbd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>

namespace vmedia::exports
{

namespace
{

struct Close
{
    void operator()(nbd_handle* handle) const
    {
        nbd_close(handle);
    }
};
using Handle = std::unique_ptr<nbd_handle, Close>;

constexpr size_t connectionsMost = 4;

// "32 MiB" is what servers without a stated maximum take ("Block size
// constraints"); what carries no data may be longer, in whole blocks of any
// size.
constexpr uint64_t dataMost = 32 << 20;
constexpr uint64_t rangeMost = 1 << 30;

/// libnbd's last error of this thread; it holds no newline of its own.
std::string reason()
{
    const char* text = nbd_get_error();
    std::string line = text != nullptr ? text : "libnbd gives no reason";
    std::ranges::replace(line, '\n', ' ');
    return line;
}

Result<Handle> connect(const std::string& uri)
{
    Handle handle(nbd_create());
    if (handle &&
        nbd_add_meta_context(handle.get(), LIBNBD_CONTEXT_BASE_ALLOCATION) ==
            0 &&
        nbd_connect_uri(handle.get(), uri.c_str()) == 0)
    {
        return handle;
    }
    if (nbd_get_errno() == EINVAL)
    {
        return fail(Errc::usage, fmt::format("{}: {}", uri, reason()),
                    "write nbd://HOST:PORT/NAME or "
                    "nbd+unix:///NAME?socket=PATH");
    }
    return fail(Errc::io, fmt::format("{}: {}", uri, reason()),
                "check that the server runs and has that export");
}

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

class ForwardExport : public Export
{
  public:
    ForwardExport(std::vector<Handle> connected, uint64_t bytes, Access mode) :
        handles(std::move(connected)), alive(handles.size()), bytesTotal(bytes)
    {
        nbd_handle* first = handles.front().get();
        const auto has = [first](int (*question)(nbd_handle*)) {
            return question(first) == 1;
        };
        const bool writable = mode == Access::readWrite &&
                              !has(nbd_is_read_only);
        can = {.write = writable,
               .flush = writable && has(nbd_can_flush),
               .trim = writable && has(nbd_can_trim),
               .zero = writable && has(nbd_can_zero),
               .fastZero = writable && has(nbd_can_fast_zero),
               .cache = has(nbd_can_cache),
               .extents = nbd_can_meta_context(
                              first, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1,
               .rotational = has(nbd_is_rotational)};
        const int64_t most = nbd_get_block_size(first, LIBNBD_SIZE_MAXIMUM);
        if (most > 0)
        {
            pieceMost = std::min(pieceMost, static_cast<uint64_t>(most));
        }
        for (const Handle& handle : handles)
        {
            idle.push_back(handle.get());
        }
    }

    uint64_t size() const override
    {
        return bytesTotal;
    }
    Abilities abilities() const override
    {
        return can;
    }
    int read(std::span<std::byte> into, uint64_t offset) override
    {
        return inPieces(offset, into.size(), pieceMost,
                        [&](nbd_handle* to, uint64_t at, uint64_t length) {
            return nbd_pread(to, into.data() + (at - offset), length, at, 0);
        });
    }
    int write(std::span<const std::byte> from, uint64_t offset) override
    {
        return inPieces(offset, from.size(), pieceMost,
                        [&](nbd_handle* to, uint64_t at, uint64_t length) {
            return nbd_pwrite(to, from.data() + (at - offset), length, at, 0);
        });
    }
    int flush() override
    {
        return borrowing([](nbd_handle* to) { return nbd_flush(to, 0); });
    }
    int trim(uint64_t offset, uint64_t length) override
    {
        return inPieces(offset, length, rangeMost,
                        [](nbd_handle* to, uint64_t at, uint64_t piece) {
            return nbd_trim(to, piece, at, 0);
        });
    }
    int zero(uint64_t offset, uint64_t length, Zeroing how) override
    {
        const uint32_t flags =
            (how.mayPunch ? 0U : uint32_t{LIBNBD_CMD_FLAG_NO_HOLE}) |
            (how.fastOnly ? uint32_t{LIBNBD_CMD_FLAG_FAST_ZERO} : 0U);
        return inPieces(offset, length, rangeMost,
                        [flags](nbd_handle* to, uint64_t at, uint64_t piece) {
            return nbd_zero(to, piece, at, flags);
        });
    }
    int cache(uint64_t offset, uint64_t length) override
    {
        return inPieces(offset, length, rangeMost,
                        [](nbd_handle* to, uint64_t at, uint64_t piece) {
            return nbd_cache(to, piece, at, 0);
        });
    }
    int extents(uint64_t offset, uint64_t length, size_t most,
                std::vector<Extent>& out) override
    {
        const size_t before = out.size();
        ExtentList list(out, length, most);
        const uint32_t flags = most == 1 ? uint32_t{LIBNBD_CMD_FLAG_REQ_ONE}
                                         : 0U;
        const int error = borrowing([&](nbd_handle* to) {
            return nbd_block_status(to, std::min(length, rangeMost), offset,
                                    {onExtents, &list, nullptr}, flags);
        });
        return error == 0 && out.size() == before ? EIO : error;
    }

  private:
    /// A synchronous call has its connection for itself.
    nbd_handle* take()
    {
        std::unique_lock lock(mutex);
        freed.wait(lock, [this] { return !idle.empty() || alive == 0; });
        if (idle.empty())
        {
            return nullptr;
        }
        nbd_handle* taken = idle.back();
        idle.pop_back();
        return taken;
    }
    void giveBack(nbd_handle* taken, bool dead)
    {
        const std::scoped_lock lock(mutex);
        if (dead)
        {
            --alive;
            freed.notify_all();
            return;
        }
        idle.push_back(taken);
        freed.notify_one();
    }
    int borrowing(const auto& call)
    {
        nbd_handle* taken = take();
        if (taken == nullptr)
        {
            return EIO;
        }
        int error = 0;
        if (call(taken) != 0)
        {
            error = nbd_get_errno() != 0 ? nbd_get_errno() : EIO;
        }
        const bool dead = nbd_aio_is_dead(taken) == 1 ||
                          nbd_aio_is_closed(taken) == 1;
        giveBack(taken, dead);
        // What broke the connection is of no use to a client of ours.
        return error != 0 && dead ? EIO : error;
    }
    int inPieces(uint64_t offset, uint64_t length, uint64_t most,
                 const auto& call)
    {
        return borrowing([&](nbd_handle* to) {
            int result = 0;
            while (result == 0 && length > 0)
            {
                const uint64_t piece = std::min(length, most);
                result = call(to, offset, piece);
                offset += piece;
                length -= piece;
            }
            return result;
        });
    }

    std::vector<Handle> handles;
    std::mutex mutex;
    std::condition_variable freed;
    std::vector<nbd_handle*> idle;
    size_t alive;
    uint64_t bytesTotal;
    uint64_t pieceMost = dataMost;
    Abilities can;
};

} // namespace

Result<ExportPointer> openForward(const std::string& uri, Access access)
{
    Result<Handle> first = connect(uri);
    if (!first)
    {
        return tl::unexpected(first.error());
    }
    const int64_t size = nbd_get_size(first->get());
    if (size <= 0)
    {
        return fail(Errc::io, fmt::format("{}: has {} bytes", uri, size),
                    "name an export with content");
    }
    std::vector<Handle> handles;
    // Its flush then covers what the other connections wrote.
    const bool several = nbd_can_multi_conn(first->get()) == 1;
    handles.push_back(std::move(*first));
    while (several && handles.size() < connectionsMost)
    {
        Result<Handle> next = connect(uri);
        if (!next || nbd_get_size(next->get()) != size)
        {
            break; // it may have a limit: fewer are only slower
        }
        handles.push_back(std::move(*next));
    }
    return std::make_unique<ForwardExport>(std::move(handles),
                                           static_cast<uint64_t>(size), access);
}

} // namespace vmedia::exports
