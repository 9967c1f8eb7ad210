// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "deviation.hpp"
#include "event.hpp"
#include "stream.hpp"
#include "traffic.hpp"
#include "transmission.hpp"
#include "vmedia/exports/export.hpp"
#include "vmedia/exports/fault.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
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

struct SessionOptions
{
    NegotiationLimits negotiation{};
    TransmissionLimits transmission{};
    vmedia::tls::Mode tls =
        vmedia::tls::Mode::off; ///< `on` and `require` need Stream::startTls()
    Deviation deviation{};
    std::optional<exports::FaultPlan> faults{}; ///< each session has a copy
    std::function<void(const Event&)> log{};    ///< Negotiated, FaultMet
    std::function<void()> negotiated{};         ///< transmission begins
    /// Once true, options get NBD_REP_ERR_SHUTDOWN and requests NBD_ESHUTDOWN.
    const std::atomic<bool>* stopping = nullptr;
};

/// Serves one client to its end. Moves bytes; Negotiator and plan() decide.
///
/// Owner:  borrows everything; all of it outlives the coroutine.
/// Errors: the peer broke the protocol or vanished in the middle of a
///         message; or Errc::cancelled.
/// Memory: the input buffer (256 KiB), one payload, one batch of replies
///         (64 KiB, and the reply that filled it), and what requests that
///         wait hold (TransmissionLimits::inHand).
boost::asio::awaitable<Result<SessionEnd>> serve(Stream& stream,
                                                 Catalogue& catalogue,
                                                 Traffic& traffic,
                                                 const SessionOptions& options);

} // namespace vmedia::nbd
