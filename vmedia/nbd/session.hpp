// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "deviation.hpp"
#include "stream.hpp"
#include "transmission.hpp"
#include "vmedia/exports/export.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vmedia::nbd
{

/// What is on offer: the exports and what is told of each, index by index.
struct Catalogue
{
    std::vector<ExportInfo> infos;
    std::vector<exports::ExportPointer> data;

    /// @p name is at most 4096 bytes without a NUL (checked where it is read).
    void add(std::string name, exports::ExportPointer content);
};

/// Counters that grow while sessions run; read them at any time.
struct Traffic
{
    std::atomic<uint64_t> readBytes{0}; ///< sent in answer to NBD_CMD_READ
    std::atomic<uint64_t> writtenBytes{0};
    std::atomic<uint64_t> requests{0};
};

/// How a session came to its end without an error.
enum class SessionEnd : uint8_t
{
    aborted,      ///< NBD_OPT_ABORT
    disconnected, ///< NBD_CMD_DISC
    closed,       ///< between two requests, without a word
};

struct SessionOptions
{
    NegotiationLimits negotiation{};
    TransmissionLimits transmission{};
    Deviation deviation{};
    std::function<void(const std::string&)> log{}; ///< one line, no newline
};

/// Serves one client to its end. Moves bytes; Negotiator and plan() decide.
///
/// Owner:  borrows everything; all of it outlives the coroutine.
/// Errors: the peer broke the protocol or vanished in the middle of a
///         message; or Errc::cancelled.
/// Memory: one input buffer (256 KiB) and one output batch (at most 4 MiB,
///         or one reply if that is larger).
boost::asio::awaitable<Result<SessionEnd>> serve(Stream& stream,
                                                 Catalogue& catalogue,
                                                 Traffic& traffic,
                                                 const SessionOptions& options);

} // namespace vmedia::nbd
