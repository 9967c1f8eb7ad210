// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "connection.hpp"
#include "mount_object.hpp"

#include <boost/asio/io_context.hpp>

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

/// All slots of the configuration. Called once the name on the bus is ours,
/// and so no other service has devices, gadgets and the journal in its hands.
using SlotFactory =
    std::function<Result<std::vector<std::unique_ptr<service::Slot>>>(
        boost::asio::io_context&, const service::Config&,
        service::Slot::Listener&)>;

/// How long the slots may take to end what is mounted: all steps of
/// Mount's Deactivating, each with its strongest means.
inline constexpr std::chrono::seconds endTime{60};

/// Serves until SIGTERM or SIGINT, or until the bus is gone; then ends what is
/// mounted. A second signal, or `endTime`, stops waiting for that: the journal
/// tells the next start what is left.
/// Errors: the bus, or slots that did not end.
Result<void> runDaemon(const service::Config& config,
                       const DaemonOptions& options,
                       const SlotFactory& makeSlots);

} // namespace vmedia::bus
