// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <boost/asio/post.hpp>

#include <cerrno>
#include <utility>

namespace vmedia::bus
{

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

namespace
{

int openBus(const Address& address, sd_bus*& opened)
{
    switch (address.kind)
    {
        case Address::Kind::system:
            return ::sd_bus_open_system(&opened);
        case Address::Kind::session:
            return ::sd_bus_open_user(&opened);
        case Address::Kind::given:
            break;
    }
    int result = ::sd_bus_new(&opened);
    if (result >= 0)
    {
        result = ::sd_bus_set_address(opened, address.text.c_str());
    }
    if (result >= 0)
    {
        result = ::sd_bus_set_bus_client(opened, 1);
    }
    return result >= 0 ? ::sd_bus_start(opened) : result;
}

} // namespace

std::string describe(const Address& address)
{
    switch (address.kind)
    {
        case Address::Kind::system:
            return "the system bus";
        case Address::Kind::session:
            return "the session bus";
        case Address::Kind::given:
            break;
    }
    return fmt::format("the bus at {}", address.text);
}

Result<std::unique_ptr<Connection>>
    Connection::open(asio::any_io_executor executor, const Address& address)
{
    const std::string name = describe(address);
    sd_bus* opened = nullptr;
    int result = openBus(address, opened);
    Bus bus(opened, &::sd_bus_close_unref);
    if (result >= 0)
    {
        using std::chrono::microseconds;
        ::sd_bus_set_method_call_timeout(
            opened, static_cast<uint64_t>(microseconds(answerTime).count()));
        // Waits for the bus's answer to Hello: a socket alone is no bus.
        const char* unique = nullptr;
        result = ::sd_bus_get_unique_name(opened, &unique);
    }
    const int descriptor = result >= 0 ? ::sd_bus_get_fd(opened) : result;
    if (descriptor < 0)
    {
        // sd-bus takes a text without a transport for an empty list.
        const bool isAddress = descriptor != -EINVAL &&
                               address.text.find(':') != std::string::npos;
        if (address.kind == Address::Kind::given && !isAddress)
        {
            return fail(
                Errc::usage,
                fmt::format("'{}' is no address of a bus", address.text),
                "one is unix:path=/run/dbus/system_bus_socket");
        }
        return failErrno(-descriptor, fmt::format("connecting to {}", name),
                         "is dbus-daemon running? --bus ADDRESS names another "
                         "bus");
    }
    std::unique_ptr<Connection> made(
        new Connection(std::move(executor), std::move(bus), name));
    made->socket.assign(descriptor);
    return made;
}

Connection::Connection(asio::any_io_executor executor, Bus b, std::string n) :
    bus(std::move(b)), name(std::move(n)), socket(executor), timer(executor)
{}

Connection::~Connection()
{
    socket.release(); // the bus closes its own
}

sd_bus* Connection::get() const
{
    return bus.get();
}

asio::any_io_executor Connection::executor()
{
    return socket.get_executor();
}

Result<void> Connection::ownName(const char* wanted)
{
    const int result = ::sd_bus_request_name(bus.get(), wanted, 0);
    if (result == -EEXIST || result == -EALREADY)
    {
        return fail(Errc::refused,
                    fmt::format("{} has an owner on {} already", wanted, name),
                    fmt::format("another service is running: busctl status {}",
                                wanted));
    }
    if (result == -EACCES || result == -EPERM)
    {
        return fail(Errc::refused,
                    fmt::format("{} does not let us own {}", name, wanted),
                    "its policy file has to be installed, and we have to be "
                    "root");
    }
    if (result < 0)
    {
        return failErrno(-result, fmt::format("owning {} on {}", wanted, name));
    }
    return {};
}

void Connection::start(std::function<void(Error)> lost)
{
    onLost = std::move(lost);
    flushSoon();
}

void Connection::flushSoon()
{
    if (turning || !onLost)
    {
        return;
    }
    turning = true;
    asio::post(socket.get_executor(), [this] {
        turning = false;
        turn();
    });
}

void Connection::turn()
{
    for (int done = 0; onLost && done < batch; ++done)
    {
        const int result = ::sd_bus_process(bus.get(), nullptr);
        if (result < 0)
        {
            return lose(-result);
        }
        if (result == 0)
        {
            return wait();
        }
    }
    flushSoon();
}

void Connection::wait()
{
    uint64_t until = 0; // microseconds of CLOCK_MONOTONIC, as steady_clock's
    const int timed = ::sd_bus_get_timeout(bus.get(), &until);
    const int events = ::sd_bus_get_events(bus.get());
    if (timed < 0 || events < 0)
    {
        return lose(timed < 0 ? -timed : -events);
    }
    if ((events & POLLIN) != 0)
    {
        waitFor(stream_descriptor::wait_read, reading);
    }
    if ((events & POLLOUT) != 0)
    {
        waitFor(stream_descriptor::wait_write, writing);
    }
    timer.cancel();
    if (until != UINT64_MAX)
    {
        timer.expires_at(
            asio::steady_timer::time_point(std::chrono::microseconds(until)));
        timer.async_wait([this](const boost::system::error_code& error) {
            if (!error)
            {
                turn();
            }
        });
    }
}

void Connection::waitFor(stream_descriptor::wait_type what, bool& waiting)
{
    if (std::exchange(waiting, true))
    {
        return;
    }
    socket.async_wait(what,
                      [this, &waiting](const boost::system::error_code& error) {
        if (!error)
        {
            waiting = false;
            turn();
        }
    });
}

void Connection::lose(int errorNumber)
{
    timer.cancel();
    socket.cancel();
    if (auto tell = std::exchange(onLost, nullptr))
    {
        tell({Errc::closedByPeer,
              fmt::format("{} is gone: {}", name,
                          std::generic_category().message(errorNumber))});
    }
}

} // namespace vmedia::bus
