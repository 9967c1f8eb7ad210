// SPDX-License-Identifier: Apache-2.0
#include "client_program.hpp"

#include "conformance/sanitizer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>

namespace conformance::ws
{

namespace
{

constexpr std::chrono::milliseconds grace{2000}; // after SIGTERM

void closeAll(std::initializer_list<int> descriptors)
{
    for (const int one : descriptors)
    {
        if (one >= 0)
        {
            ::close(one);
        }
    }
}

} // namespace

vmedia::Result<std::unique_ptr<ClientProgram>>
    ClientProgram::start(const std::vector<std::string>& words, bool talks)
{
    std::unique_ptr<ClientProgram> made(new ClientProgram);
    std::array<int, 2> in{-1, -1};
    std::array<int, 2> out{-1, -1};
    if (talks && (::pipe2(in.data(), O_CLOEXEC) != 0 ||
                  ::pipe2(out.data(), O_CLOEXEC) != 0))
    {
        const int reason = errno;
        closeAll({in[0], in[1]});
        return vmedia::failErrno(reason, "a client cannot be started");
    }
    const std::string log = made->directory.path() / "log";
    const int printed = ::open(log.c_str(),
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    auto started = vmedia::process::Child::start(
        made->context.get_executor(), {.argv = words,
                                       .input = in[0],
                                       .output = talks ? out[1] : printed,
                                       .error = printed});
    closeAll({in[0], out[1], printed});
    made->toIt = in[1];
    made->fromIt = out[0];
    if (!started)
    {
        vmedia::Error error = started.error();
        error.code = vmedia::Errc::child; // the line itself was well-formed
        return vmedia::during("the client", std::move(error));
    }
    made->child.emplace(std::move(*started));
    made->handle =
        static_cast<int>(::syscall(SYS_pidfd_open, made->child->pid(), 0));
    return made;
}

ClientProgram::~ClientProgram()
{
    closeAll({toIt, fromIt});
    if (child)
    {
        boost::asio::co_spawn(context, child->stop(grace),
                              boost::asio::detached);
        context.run();
        child.reset();
    }
    closeAll({handle});
}

std::optional<ClientProgram::End> ClientProgram::end() const
{
    siginfo_t info{};
    // WNOWAIT: to reap it stays the Child's business.
    if (::waitid(P_PID, static_cast<id_t>(child->pid()), &info,
                 WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid == 0)
    {
        return std::nullopt;
    }
    const bool exited = info.si_code == CLD_EXITED;
    const std::string how = exited
                                ? fmt::format("status {}", info.si_status)
                                : fmt::format("signal {} ({})", info.si_status,
                                              ::strsignal(info.si_status));
    return End{.bySignal = !exited,
               .number = info.si_status,
               .words = fmt::format("{}; {}", how, lastLine())};
}

std::string ClientProgram::sanitizerReport() const
{
    std::streamoff from = 0;
    return conformance::sanitizerReport(directory.path() / "log", from);
}

std::string ClientProgram::lastLine() const
{
    std::ifstream file(directory.path() / "log");
    std::string last;
    for (std::string line; std::getline(file, line);)
    {
        last = line.empty() ? last : line;
    }
    return last.empty() ? "it printed nothing"
                        : fmt::format("it printed '{}'", last);
}

} // namespace conformance::ws
