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

constexpr std::chrono::seconds startLimit{10};
constexpr std::chrono::milliseconds stopGrace{2000};
constexpr timespec betweenTries{0, 100'000}; // how exact startup() is

/// A port that was free a moment ago: not every peer can choose one and tell.
Result<uint16_t> freePort()
{
    Endpoint any{.transport = Transport::tcp};
    const Result<Descriptor> probe = makeSocket(any);
    if (!probe)
    {
        return tl::unexpected(probe.error());
    }
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    if (withAddress(any, probe->get(), ::bind) != 0 ||
        // NOLINTNEXTLINE: the sockets API
        ::getsockname(probe->get(), reinterpret_cast<sockaddr*>(&address),
                      &size) != 0)
    {
        return vmedia::failErrno(errno, "127.0.0.1");
    }
    return ntohs(address.sin_port);
}

bool hasEnded(int pid)
{
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid), &info,
                    WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

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
    const Result<std::string> program = programOf(peer);
    if (!program)
    {
        return tl::unexpected(program.error());
    }
    std::unique_ptr<Server> server(new Server);
    server->listens = {wire.transport, server->directory.path() / "s", 0,
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
        peer.arguments({server->directory.path(), image.path(), image.size(),
                        server->listens, connections});
    if (!arguments)
    {
        return tl::unexpected(arguments.error());
    }
    arguments->insert(arguments->begin(), *program);
    const Descriptor log(::open((server->directory.path() / "log").c_str(),
                                O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    const auto before = Clock::now();
    auto child = vmedia::process::Child::start(
        server->context.get_executor(),
        {.argv = *arguments,
         .output = log.get(),
         .error = log.get(),
         .environment = environmentOf(peer, wire.tls)});
    if (!child)
    {
        return tl::unexpected(child.error());
    }
    server->child.emplace(std::move(*child));
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
    const auto deadline = Clock::now() + startLimit;
    while (true)
    {
        Result<Connection> opened = Connection::open(listens);
        Result<void> greeted = opened ? opened->readGreeting()
                                      : tl::unexpected(opened.error());
        if (greeted)
        {
            break;
        }
        if (!peer.daemonises && hasEnded(child->pid()))
        {
            return fail(Errc::child, "it ended: " + lastWords());
        }
        if (Clock::now() > deadline)
        {
            return fail(Errc::timeout,
                        fmt::format("no greeting within {} s: {}",
                                    startLimit.count(), lastWords()));
        }
        ::nanosleep(&betweenTries, nullptr);
    }
    if (peer.daemonises)
    {
        daemon = daemonPid();
        if (daemon < 0)
        {
            return fail(Errc::child, fmt::format("{} left no process id: {}",
                                                 peer.program, lastWords()));
        }
    }
    return {};
}

int Server::daemonPid() const
{
    std::ifstream in(directory.path() / "pid");
    int pid = -1;
    in >> pid;
    return pid > 0 ? pid : -1;
}

std::string Server::lastWords() const
{
    std::ifstream in(directory.path() / "log");
    return lastLineOf({std::istreambuf_iterator<char>(in), {}});
}

double Server::cpuSeconds() const
{
    return cpuSecondsOf(daemon > 0 ? daemon : child->pid());
}

uint64_t Server::residentBytes() const
{
    return residentBytesOf(daemon > 0 ? daemon : child->pid());
}

Server::~Server()
{
    if (child)
    {
        boost::asio::co_spawn(context, child->stop(stopGrace),
                              [](const std::exception_ptr&, int) {});
        context.restart();
        context.run();
    }
    // One that never greeted may run all the same.
    if (const int pid = daemon > 0 ? daemon : daemonPid(); pid > 0)
    {
        endDaemon(pid);
    }
}

} // namespace bench
