// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "mount_object.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>

namespace vmedia::bus
{

/// The service on the bus: an object manager and the objects below it. Slots
/// tell it what changes, and it tells the bus. What a slot counts (accesses,
/// seconds) goes on without its word: each `countTime` it is looked at while
/// there is a medium.
///
/// Owner: slots are made with it, and go before it.
class VirtualMedia : public service::Slot::Listener
{
  public:
    static constexpr std::chrono::seconds countTime{1};
    static constexpr const char* name = "xyz.openbmc_project.VirtualMedia";

    VirtualMedia(Connection& connection, const service::Config& config,
                 Compat compat);

    /// Once all slots are there. Errors: see MountObject::publish().
    Result<void>
        publish(const std::vector<std::unique_ptr<service::Slot>>& slots);

    /// Mount gives ESHUTDOWN from now on.
    void refuseMounts();

    /// @p heard is called after what changed() tells the bus.
    void onChange(std::function<void()> heard);

    void changed(service::Slot& slot) override;
    void completed(service::Slot& slot, int error) override;

  private:
    using Registration =
        std::unique_ptr<sd_bus_slot, sd_bus_slot* (*)(sd_bus_slot*)>;

    void watchCounts();

    Connection& connection;
    const service::Config& config;
    Compat compat;
    std::function<void()> hear{};
    std::map<const service::Slot*, MountObject> objects{};
    boost::asio::steady_timer timer;
    bool watching = false;
    Registration manager{nullptr, &::sd_bus_slot_unref};
};

} // namespace vmedia::bus
