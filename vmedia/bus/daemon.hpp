// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "connection.hpp"
#include "mount_object.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace vmedia::bus
{

struct DaemonOptions
{
    Address address{};
    Compat compat = Compat::design;
};

/// The slots of a configuration, and what they need: it goes after them.
struct Slots
{
    std::shared_ptr<void> behind{};
    std::vector<std::unique_ptr<service::Slot>> all{};
};

/// Called once the name on the bus is ours, and so no other service has
/// devices, gadgets and the journal in its hands. Calls are answered once it is
/// done. What it is given outlives the slots.
using SlotFactory = std::function<boost::asio::awaitable<Result<Slots>>(
    boost::asio::any_io_executor, const service::Config&,
    service::Slot::Listener&)>;

/// How long the slots may take to end what is mounted: all steps of
/// Mount's Deactivating, each with its strongest means.
inline constexpr std::chrono::seconds endTime{60};

/// Serves until SIGTERM or SIGINT, or until the bus is gone; then ends what is
/// mounted. A second signal, or `endTime`, stops waiting for that: the journal
/// tells the next start what is left.
/// Errors: the bus, what @p makeSlots says, or slots that did not end.
Result<void> runDaemon(const service::Config& config,
                       const DaemonOptions& options,
                       const SlotFactory& makeSlots);

} // namespace vmedia::bus
