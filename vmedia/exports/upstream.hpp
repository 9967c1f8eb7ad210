// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

#include <libnbd.h>

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace vmedia::exports
{

/// One connection to another NBD server, by libnbd; no wait of it is longer
/// than until the deadline that is given.
///
/// Threads: one at a time.
class Upstream
{
  public:
    using Clock = std::chrono::steady_clock;

    /// What a server says when it is met, and so has to say again later.
    struct Terms
    {
        int64_t size = 0;
        Abilities can{};      ///< as the server grants them
        bool several = false; ///< NBD_FLAG_CAN_MULTI_CONN
    };

    /// Errors: what is no URI, no server or none that gets through the
    ///         handshake in time; one line with the URI and libnbd's reason.
    static Result<Upstream> connect(const std::string& uri,
                                    Clock::time_point deadline);

    Terms terms() const;

    /// Bytes that one request may read or write.
    uint64_t pieceMost() const;

    /// Looks, without waiting: a server that went while nobody asked it
    /// anything is no reason for a request to fail.
    bool alive();

    /// @p start gives the cookie of one of libnbd's nbd_aio_ calls, or -1.
    /// Gives a system error number; after ETIMEDOUT, or if alive() is false
    /// then, the connection is of no use any more.
    int perform(const std::function<int64_t(nbd_handle*)>& start,
                Clock::time_point deadline);

  private:
    struct Close
    {
        void operator()(nbd_handle* it) const
        {
            nbd_close(it);
        }
    };

    explicit Upstream(nbd_handle* made) : handle(made) {}

    std::unique_ptr<nbd_handle, Close> handle;
};

} // namespace vmedia::exports
