// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "log.hpp"
#include "qmp.hpp"
#include "vmedia/process/child.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim
{

enum class Accel : uint8_t
{
    tcg,
    kvm,
};

struct MachineOptions
{
    std::string name; ///< "bmc"; names its sockets too
    Accel accel = Accel::tcg;
    unsigned memoryMiB = 512;
    bool biosOnSerial = false;          ///< SeaBIOS and loaders print there
    std::vector<std::string> devices{}; ///< the rest of the command line
    std::filesystem::path folder;       ///< for sockets; a short path
    LogPtr console;                     ///< the serial port
    LogPtr bios{};                      ///< SeaBIOS's debug port; may be null
    LogPtr stderrLog;                   ///< QEMU's own words
    bool spareMonitor =
        false; ///< a second QMP socket, NAME-qmp.sock, for users
};

/// A QEMU that we started, and that does not outlive us.
///
/// Shape:   QEMU connects to sockets that we listen on: there is no moment at
///          which one is not there yet, and what it prints is never lost.
/// Owner:   the destructor kills it.
/// Errors:  it is missing, or ended before it had connected: its last words
///          are in the text.
class Machine
{
  public:
    static boost::asio::awaitable<vmedia::Result<Machine>>
        start(MachineOptions options);

    Machine(Machine&&) noexcept = default;
    Machine& operator=(Machine&&) noexcept = default;
    ~Machine();

    const std::string& version() const
    {
        return qemuVersion;
    }
    Qmp& qmp()
    {
        return monitor;
    }
    /// The port on 127.0.0.1 that leads to a port of the guest.
    boost::asio::awaitable<vmedia::Result<uint16_t>>
        forwarded(uint16_t guestPort);

  private:
    using Socket = boost::asio::local::stream_protocol::socket;
    using Stream = std::shared_ptr<Socket>;
    Machine(vmedia::process::Child child, std::vector<Stream> streams,
            Qmp monitor);
    vmedia::process::Child child;
    std::vector<Stream> streams;
    Qmp monitor;
    std::string qemuVersion;
};

/// A pipe whose end is fed to a log: give @p writeEnd to a child, then close.
struct LogPipe
{
    std::shared_ptr<boost::asio::posix::stream_descriptor> readEnd;
    int writeEnd;
};
vmedia::Result<LogPipe>
    openLogPipe(const boost::asio::any_io_executor& executor);

} // namespace sim
