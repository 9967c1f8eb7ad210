// SPDX-License-Identifier: Apache-2.0
#include "server.hpp"

#include "program.hpp"
#include "server_cost.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
using Clock = std::chrono::steady_clock;

namespace
{

constexpr std::chrono::milliseconds stopGrace{2000};

/// SIGTERM, and SIGKILL if that is not enough.
void endDaemon(int pid)
{
    const Descriptor handle(
        static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    ::kill(pid, SIGTERM);
    pollfd ended{handle.get(), POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(stopGrace.count())) != 1)
    {
        ::kill(pid, SIGKILL);
    }
    ::waitpid(pid, nullptr, 0);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) // its children, now ours
    {}
}

} // namespace

void adoptOrphans()
{
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Result<std::unique_ptr<Server>> Server::start(const Peer& peer,
                                              const Image& image,
                                              const Wire& wire,
                                              uint32_t connections)
{
    const Result<std::string> program = programOf(peer.program, peer.package);
    if (!program)
    {
        return tl::unexpected(program.error());
    }
    std::unique_ptr<Server> server(new Server);
    server->listens = {wire.transport, server->process.directory() / "s", 0,
                       std::string(peer.exportName), wire.tls};
    if (wire.transport == Transport::tcp)
    {
        const Result<uint16_t> port = freePort();
        if (!port)
        {
            return tl::unexpected(port.error());
        }
        server->listens.port = *port;
    }
    Result<std::vector<std::string>> arguments =
        peer.arguments({server->process.directory(), image.path(), image.size(),
                        server->listens, connections});
    if (!arguments)
    {
        return tl::unexpected(arguments.error());
    }
    arguments->insert(arguments->begin(), *program);
    const auto before = Clock::now();
    if (Result<void> started =
            server->process.start(*arguments, environmentOf(peer, wire.tls));
        !started)
    {
        return tl::unexpected(started.error());
    }
    if (Result<void> greeted = server->awaitGreeting(peer); !greeted)
    {
        return during(peer.name, greeted.error());
    }
    server->startupSeconds =
        std::chrono::duration<double>(Clock::now() - before).count();
    return server;
}

Result<void> Server::awaitGreeting(const Peer& peer)
{
    const auto greets = [this]() -> Result<void> {
        Result<Connection> opened = Connection::open(listens);
        return opened ? opened->readGreeting() : tl::unexpected(opened.error());
    };
    if (Result<void> greeted = process.awaitAnswer(greets, "greeting",
                                                   peer.daemonises);
        !greeted)
    {
        return greeted;
    }
    if (peer.daemonises)
    {
        daemon = daemonPid();
        if (daemon < 0)
        {
            return fail(Errc::child,
                        fmt::format("{} left no process id: {}", peer.program,
                                    process.lastWords()));
        }
    }
    return {};
}

int Server::daemonPid() const
{
    std::ifstream in(process.directory() / "pid");
    int pid = -1;
    in >> pid;
    return pid > 0 ? pid : -1;
}

double Server::cpuSeconds() const
{
    return cpuSecondsOf(daemon > 0 ? daemon : process.pid());
}

uint64_t Server::residentBytes() const
{
    return residentBytesOf(daemon > 0 ? daemon : process.pid());
}

Server::~Server()
{
    // One that never greeted may run all the same.
    if (const int pid = daemon > 0 ? daemon : daemonPid(); pid > 0)
    {
        endDaemon(pid);
    }
}

} // namespace bench
