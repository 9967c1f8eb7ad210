// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "accel.hpp"
#include "machine.hpp"
#include "run.hpp"
#include "secrets.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace sim
{

struct LabOptions
{
    std::string accel = "auto";
    std::filesystem::path kernel{}; ///< empty: see findKernel()
    std::filesystem::path data{};   ///< empty: see findData()
    std::filesystem::path logs{};   ///< empty: they go with the run
    double timeoutScale = 1;
};

/// A BMC, a host that is plugged into it, and whoever serves the medium.
///
/// Owner:  ends all of them when it goes.
/// Errors: see Run::reach(); the timeline says how far it came.
class Lab
{
  public:
    /// What the machines need, without starting one: kernel, images (made if
    /// they are not in the cache), accelerator, secrets.
    static boost::asio::awaitable<vmedia::Result<Lab>>
        prepare(LabOptions options, std::shared_ptr<Run> run);

    /// To a vmedia-httpd that listens. @p interactive adds a root shell and a
    /// QMP socket of its own, for people.
    boost::asio::awaitable<vmedia::Result<void>> startBmc(bool interactive);

    /// Serves @p image, up to a host that could be plugged in.
    boost::asio::awaitable<vmedia::Result<void>>
        push(std::filesystem::path image);
    /// Ends it as a user would; gives its last line.
    boost::asio::awaitable<std::string> stopPush();

    /// A host that boots the medium, to the point where it is powered on.
    boost::asio::awaitable<vmedia::Result<void>> startHost(bool interactive);
    /// A host with our own kernel, on the same USB cable, that only reads.
    boost::asio::awaitable<vmedia::Result<void>> startReader();
    void stopHost();

    /// What must be alive while we wait for a host's stage.
    std::vector<LogPtr> alive() const;
    const LogPtr& hostConsole() const
    {
        return hostLog;
    }
    bool bmcEnded() const
    {
        return bmcLog && bmcLog->closed();
    }

    std::vector<std::string>
        pushCommand(const std::filesystem::path& image) const;
    std::string url() const;

    Kernel kernel;
    Images images;
    AccelChoice accel;
    Secrets secrets;
    Cache cache;
    std::string qemuVersion{};

  private:
    Lab(std::shared_ptr<Run> run, Kernel kernel, Images images,
        AccelChoice accel, Secrets secrets, Cache cache);
    MachineOptions machine(std::string name, Source console);
    boost::asio::awaitable<vmedia::Result<void>> plugIn(MachineOptions o);

    std::shared_ptr<Run> run;
    uint16_t httpsPort = 0;
    uint16_t usbPort = 0;
    unsigned hosts = 0; ///< started so far; each has a log of its own
    LogPtr bmcLog;
    LogPtr pushLog;
    LogPtr hostLog;
    std::optional<Machine> bmc;
    std::optional<vmedia::process::Child> pusher;
    std::optional<Machine> host;
};

} // namespace sim
