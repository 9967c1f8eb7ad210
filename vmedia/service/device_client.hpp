// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "ledger.hpp"
#include "nbd_device.hpp"
#include "part.hpp"
#include "program.hpp"
#include "vmedia/process/pidfd.hpp"

#include <memory>
#include <string>

namespace vmedia::service
{

/// nbd-client on the mount point's device: our child, or the process that it
/// moved to.
class DeviceClient : public Part
{
  public:
    DeviceClient(boost::asio::any_io_executor executor, Listener listener,
                 const Config& config, const MountPoint& point, Ledger& ledger,
                 const NbdDevice& device);

    /// Tells clientFailed or clientExited. ENODEV: there is no such device;
    /// EBUSY: somebody else serves it.
    void start(bool readOnly);

    /// Tells clientMoved, and clientLost when that process ends; or clientLost
    /// alone, if it ended already or the device is empty again. Until the
    /// kernel names a process, it is asked again and again: it tells nobody.
    void find();
    void signal(int number);

    /// NBD_DISCONNECT …, on a thread: what comes of it, the device tells.
    void disconnect();

  private:
    boost::asio::awaitable<void> run(bool readOnly);
    boost::asio::awaitable<void> seek();

    const Config& config;
    const MountPoint& point;
    Ledger& ledger;
    const NbdDevice device;
    std::unique_ptr<Program> program{};
    std::shared_ptr<process::Pidfd> moved{};
};

} // namespace vmedia::service
