// SPDX-License-Identifier: Apache-2.0
#include "upstream.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmedia::exports
{

namespace
{

// "32 MiB" is what servers without a stated maximum take ("Block size
// constraints").
constexpr uint64_t dataMost = 32 << 20;

/// libnbd's last error of this thread; it holds no newline of its own.
std::string reason()
{
    const char* text = nbd_get_error();
    std::string line = text != nullptr ? text : "libnbd gives no reason";
    std::ranges::replace(line, '\n', ' ');
    return line;
}

/// False once the deadline has passed, or libnbd has given up.
bool pollUntil(nbd_handle* handle, Upstream::Clock::time_point deadline)
{
    using std::chrono::ceil;
    using std::chrono::milliseconds;
    const auto left =
        ceil<milliseconds>(deadline - Upstream::Clock::now()).count();
    return left > 0 &&
           nbd_poll(handle,
                    static_cast<int>(std::min<int64_t>(left, 1'000'000))) >= 0;
}

} // namespace

Result<Upstream> Upstream::connect(const std::string& uri,
                                   Clock::time_point deadline)
{
    Upstream made(nbd_create());
    nbd_handle* handle = made.handle.get();
    // The URI comes from who starts us, and so do the files that it names.
    bool going =
        handle != nullptr && nbd_set_uri_allow_local_file(handle, true) == 0 &&
        nbd_add_meta_context(handle, LIBNBD_CONTEXT_BASE_ALLOCATION) == 0 &&
        nbd_aio_connect_uri(handle, uri.c_str()) == 0;
    while (going && nbd_aio_is_connecting(handle) == 1)
    {
        if (Clock::now() >= deadline)
        {
            return fail(
                Errc::timeout,
                fmt::format("{}: the handshake is not over in time", uri),
                "check that an NBD server listens there, or give it "
                "more time: timeout=SECONDS");
        }
        going = pollUntil(handle, deadline) || Clock::now() >= deadline;
    }
    if (going && nbd_aio_is_ready(handle) == 1)
    {
        return made;
    }
    if (nbd_get_errno() == EINVAL)
    {
        return fail(Errc::usage, fmt::format("{}: {}", uri, reason()),
                    "write nbd://HOST:PORT/NAME, nbd+unix:///NAME?socket=PATH, "
                    "or with TLS nbds://USER@HOST/NAME?tls-psk-file=FILE, "
                    "nbds://HOST/NAME?tls-certificates=DIR");
    }
    return fail(Errc::io, fmt::format("{}: {}", uri, reason()),
                "check that the server runs and has that export");
}

Upstream::Terms Upstream::terms() const
{
    nbd_handle* it = handle.get();
    const auto has = [it](int (*question)(nbd_handle*)) {
        return question(it) == 1;
    };
    const bool writable = !has(nbd_is_read_only);
    return {.size = nbd_get_size(it),
            .can = {.write = writable,
                    .flush = writable && has(nbd_can_flush),
                    .trim = writable && has(nbd_can_trim),
                    .zero = writable && has(nbd_can_zero),
                    .fastZero = writable && has(nbd_can_fast_zero),
                    .cache = has(nbd_can_cache),
                    .extents = nbd_can_meta_context(
                                   it, LIBNBD_CONTEXT_BASE_ALLOCATION) == 1,
                    .rotational = has(nbd_is_rotational)},
            .several = has(nbd_can_multi_conn)};
}

uint64_t Upstream::pieceMost() const
{
    const int64_t most = nbd_get_block_size(handle.get(), LIBNBD_SIZE_MAXIMUM);
    return most > 0 ? std::min(dataMost, static_cast<uint64_t>(most))
                    : dataMost;
}

bool Upstream::alive()
{
    // Only a call that looks at the socket learns that it was closed.
    return nbd_poll(handle.get(), 0) >= 0 &&
           nbd_aio_is_dead(handle.get()) != 1 &&
           nbd_aio_is_closed(handle.get()) != 1;
}

int Upstream::perform(const std::function<int64_t(nbd_handle*)>& start,
                      Clock::time_point deadline)
{
    nbd_handle* it = handle.get();
    const auto failure = [] {
        return nbd_get_errno() != 0 ? nbd_get_errno() : EIO;
    };
    const int64_t cookie = start(it);
    if (cookie < 0)
    {
        return failure();
    }
    int done = 0;
    bool going = true;
    while ((done = nbd_aio_command_completed(
                it, static_cast<uint64_t>(cookie))) == 0)
    {
        if (Clock::now() >= deadline)
        {
            return ETIMEDOUT;
        }
        if (!going)
        {
            return EIO;
        }
        going = pollUntil(it, deadline);
    }
    return done == 1 ? 0 : failure();
}

} // namespace vmedia::exports
