// SPDX-License-Identifier: Apache-2.0
#include "spawned.hpp"

#include "conformance/orphans.hpp"
#include "conformance/sanitizer.hpp"
#include "conformance/spawn_line.hpp"
#include "conformance/transport/busy_threads.hpp"
#include "conformance/transport/connection.hpp"

#include <arpa/inet.h>
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
#include <boost/asio/detached.hpp>

#include <csignal>
#include <fstream>
#include <random>
#include <sstream>

namespace conformance
{

namespace
{

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr size_t imageSize = 1 << 20;
constexpr milliseconds grace{2000}; // as long as a fixture waits after SIGTERM

/// A port that was free a moment ago. Another program may take it before the
/// target does: then the target says so, and {socket} has no such race.
uint16_t freePort()
{
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(name);
    // NOLINTNEXTLINE: what the sockets interface asks for
    auto* generic = reinterpret_cast<sockaddr*>(&name);
    // Port 0, and so nothing to start with, where the system has none left.
    const bool bound = ::bind(descriptor, generic, size) == 0 &&
                       ::getsockname(descriptor, generic, &size) == 0;
    ::close(descriptor);
    return bound ? ntohs(name.sin_port) : uint16_t{0};
}

void writeImage(const std::string& path, uint64_t seed)
{
    std::mt19937_64 random(seed);
    std::ofstream file(path, std::ios::binary);
    for (size_t i = 0; i < imageSize; i += sizeof(uint64_t))
    {
        const uint64_t word = random();
        // NOLINTNEXTLINE: an integer seen as bytes
        file.write(reinterpret_cast<const char*>(&word), sizeof(word));
    }
}

} // namespace

vmedia::Result<std::unique_ptr<Spawned>>
    Spawned::start(const StartLine& how, uint64_t seed, milliseconds deadline)
{
    std::unique_ptr<Spawned> spawned(new Spawned);
    auto done = spawned->run(how, seed);
    if (done)
    {
        done = spawned->waitUntilReady(deadline);
    }
    if (!done)
    {
        return tl::unexpected(done.error());
    }
    return spawned;
}

vmedia::Result<void> Spawned::run(const StartLine& how, uint64_t seed)
{
    const std::string& line = how.line;
    const std::string all = line + how.config;
    auto words = splitLine(line);
    if (!words)
    {
        return tl::unexpected(words.error());
    }
    const std::string socket = directory.path() / "s";
    const std::string image = directory.path() / "image";
    if (all.find("{socket}") != std::string::npos)
    {
        listens.socket = socket;
    }
    else if (all.find("{port}") != std::string::npos)
    {
        listens = {.host = "127.0.0.1", .port = freePort()};
    }
    else
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            "--spawn: neither {socket} nor {port} is in the line",
            "write one where the program takes the place to listen at");
    }
    if (all.find("{image}") != std::string::npos)
    {
        writeImage(image, seed);
    }
    auto values = how.values;
    values["socket"] = socket;
    values["port"] = std::to_string(listens.port);
    values["image"] = image;
    values["directory"] = directory.path();
    values["config"] = directory.path() / "config";
    std::ofstream(values["config"]) << filled(how.config, values);
    for (std::string& word : *words)
    {
        word = filled(std::move(word), values);
    }
    program = words->front();
    const std::string log = directory.path() / "log";
    const int output = ::open(log.c_str(),
                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    auto started = vmedia::process::Child::start(
        context.get_executor(),
        {.argv = *words, .output = output, .error = output});
    ::close(output);
    if (!started)
    {
        vmedia::Error error = started.error();
        error.code = vmedia::Errc::child; // the line itself was well-formed
        return vmedia::during("--spawn", std::move(error));
    }
    child.emplace(std::move(*started));
    return {};
}

vmedia::Result<void> Spawned::waitUntilReady(milliseconds deadline)
{
    const auto until = Clock::now() + deadline;
    for (;;)
    {
        if (Connection::open(listens, deadline))
        {
            return {};
        }
        if (const auto ended = ending(); ended)
        {
            return vmedia::fail(
                vmedia::Errc::child,
                fmt::format("{} ended before it took a connection: {}", program,
                            *ended),
                "it has to stay in the foreground (nbdkit -f, nbd-server -n)");
        }
        if (Clock::now() >= until)
        {
            return vmedia::fail(
                vmedia::Errc::timeout,
                fmt::format("{} took no connection within {} ms: {}", program,
                            deadline.count(), lastLine()),
                "--timeout-scale gives it longer");
        }
        // A listening socket raises no event for others: look again soon.
        ::poll(nullptr, 0, 5);
    }
}

std::optional<std::string> Spawned::ending(milliseconds within) const
{
    const int handle =
        static_cast<int>(::syscall(SYS_pidfd_open, child->pid(), 0));
    pollfd entry{handle, POLLIN, 0};
    ::poll(&entry, 1, static_cast<int>(within.count()));
    ::close(handle);
    siginfo_t info{};
    // WNOWAIT: to reap it stays the Child's business.
    if (::waitid(P_PID, static_cast<id_t>(child->pid()), &info,
                 WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0 || (info.si_status == 0 && leftADaemon()))
    {
        return std::nullopt;
    }
    const std::string how = info.si_code == CLD_EXITED
                                ? fmt::format("status {}", info.si_status)
                                : fmt::format("signal {} ({})", info.si_status,
                                              ::strsignal(info.si_status));
    return fmt::format("{}; {}", how, lastLine());
}

bool Spawned::leftADaemon() const
{
    return !orphans(child->pid()).empty();
}

void Spawned::settle() const
{
    constexpr int looks = 200; // one that spins is not waited for
    for (int i = 0; i < looks && anyThreadRunsBelow(::getpid()); ++i)
    {
        ::poll(nullptr, 0, 1);
    }
}

void Spawned::terminate()
{
    // Until it has been reaped its number cannot be another process's.
    const auto daemons = orphans(child->pid());
    child->signal(SIGTERM);
    for (const pid_t pid : daemons)
    {
        ::kill(pid, SIGTERM);
    }
}

bool Spawned::gone(milliseconds limit) const
{
    const auto until = Clock::now() + limit;
    while (usage().running > 0)
    {
        if (Clock::now() >= until)
        {
            return false;
        }
        // There may be several, and not all are our children: look again.
        ::poll(nullptr, 0, 5);
    }
    return true;
}

Usage Spawned::usage() const
{
    return usageBelow(::getpid());
}

std::string Spawned::sanitizerReport()
{
    return conformance::sanitizerReport(directory.path() / "log", logRead);
}

std::string Spawned::lastLine() const
{
    std::ifstream file(directory.path() / "log");
    std::string line;
    std::string last;
    while (std::getline(file, line))
    {
        last = line.empty() ? last : line;
    }
    return last.empty() ? "it printed nothing"
                        : fmt::format("it printed '{}'", last);
}

Spawned::~Spawned()
{
    if (child)
    {
        boost::asio::co_spawn(context, child->stop(grace),
                              boost::asio::detached);
        context.run();
        child.reset();
        endOrphans();
    }
}

} // namespace conformance
