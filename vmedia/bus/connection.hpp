// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <systemd/sd-bus.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace vmedia::bus
{

/// Which bus to be on.
struct Address
{
    enum class Kind : uint8_t
    {
        system,  ///< DBUS_SYSTEM_BUS_ADDRESS, or the well-known socket
        session, ///< DBUS_SESSION_BUS_ADDRESS, or that of XDG_RUNTIME_DIR
        given,   ///< `text`: "unix:path=/run/bus"
    };
    Kind kind = Kind::system;
    std::string text{};
};

/// For a message: "the system bus", "the bus at unix:path=…".
std::string describe(const Address& address);

/// A connection of libsystemd's sd-bus, driven by an Asio executor.
///
/// Why sd-bus:  Mount of Legacy mode has one name and three signatures, which
///              takes a look at calls before sd-bus compares them with its
///              tables. sdbus-c++ 1.2, which wraps it, offers neither that nor
///              the connection that it holds.
/// Threads:     one, the executor's, which calls all that is registered.
/// Bounded:     opening and ownName() block, until the bus answers or sd-bus's
///              time-outs pass (authentication 90 s, a call `answerTime`). From
///              start() on nothing does; after `batch` messages others get
///              their turn.
/// Owner:       goes once the executor runs no more, and before it.
class Connection
{
  public:
    static constexpr std::chrono::seconds answerTime{10};
    static constexpr int batch = 16;

    static Result<std::unique_ptr<Connection>>
        open(boost::asio::any_io_executor executor, const Address& address);

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Of sd_bus_… functions. What they queue is sent if flushSoon() is called.
    sd_bus* get() const;
    boost::asio::any_io_executor executor();
    void flushSoon();

    /// Errors: somebody has it; the bus's policy does not let us.
    Result<void> ownName(const char* name);

    /// From now on calls are answered. @p lost is called once if the bus goes.
    void start(std::function<void(Error)> lost);

  private:
    using Bus = std::unique_ptr<sd_bus, sd_bus* (*)(sd_bus*)>;

    Connection(boost::asio::any_io_executor executor, Bus opened,
               std::string name);
    void turn();
    void wait();
    void waitFor(boost::asio::posix::stream_descriptor::wait_type what,
                 bool& waiting);
    void lose(int errorNumber);

    Bus bus;
    std::string name;                             ///< of the bus, for messages
    boost::asio::posix::stream_descriptor socket; ///< the bus's own descriptor
    boost::asio::steady_timer timer;
    std::function<void(Error)> onLost{};
    bool reading = false;
    bool writing = false;
    bool turning = false; ///< a turn() is posted
};

} // namespace vmedia::bus
