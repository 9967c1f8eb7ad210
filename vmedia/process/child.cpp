// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include "pidfd.hpp"
#include "search.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/process/v2/environment.hpp>
#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/process.hpp>

#include <csignal>
#include <optional>

namespace vmedia::process
{

namespace asio = boost::asio;
namespace bp2 = boost::process::v2;

namespace
{

/// The launcher's hook that runs in the child, between fork and exec.
struct ChildSetup
{
    const Command& command;
    int nullDevice;
    pid_t parent;

    template <typename Launcher>
    bp2::error_code on_exec_setup( // NOLINT: the launcher's name for it
        Launcher&, const bp2::filesystem::path&, const char* const*(&)) const
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) // it died before prctl() took effect
        {
            ::_exit(127);
        }
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        // Copies above 2 first: one of the three may be another's target.
        const int source[3] = {
            ::fcntl(orNull(command.input), F_DUPFD_CLOEXEC, 3),
            ::fcntl(orNull(command.output), F_DUPFD_CLOEXEC, 3),
            ::fcntl(orNull(command.error), F_DUPFD_CLOEXEC, 3)};
        for (int i = 0; i < 3; ++i)
        {
            if (source[i] < 0 || ::dup2(source[i], i) < 0)
            {
                return {errno, boost::system::system_category()};
            }
        }
        // The launcher's own closing of descriptors misses some.
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        return {};
    }

    int orNull(int descriptor) const
    {
        return descriptor < 0 ? nullDevice : descriptor;
    }
};

ExitStatus toStatus(int nativeStatus)
{
    return WIFSIGNALED(nativeStatus) ? 128 + WTERMSIG(nativeStatus)
                                     : WEXITSTATUS(nativeStatus);
}

} // namespace

struct Child::State
{
    bp2::basic_process<asio::any_io_executor> process;
    std::optional<ExitStatus> ended;
};

Child::Child(std::unique_ptr<State> s) : state(std::move(s)) {}
Child::Child(Child&&) noexcept = default;
Child& Child::operator=(Child&&) noexcept = default;
Child::~Child() = default; // basic_process terminates and reaps

Result<Child> Child::start(const asio::any_io_executor& executor,
                           Command command)
{
    Result<std::string> program = findProgram(command.argv.at(0));
    if (!program)
    {
        return tl::unexpected(program.error());
    }
    const int nullDevice = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nullDevice < 0)
    {
        return failErrno(errno, "/dev/null");
    }
    bp2::posix::default_launcher launcher;
    std::vector<std::string> strings = command.environment;
    for (char** variable = ::environ; *variable != nullptr; ++variable)
    {
        strings.emplace_back(*variable); // ours come second: added ones win
    }
    std::vector<const char*> environment;
    environment.reserve(strings.size() + 1);
    for (const std::string& variable : strings)
    {
        environment.push_back(variable.c_str());
    }
    environment.push_back(nullptr);
    launcher.env = environment.data();

    const std::vector<std::string> arguments(command.argv.begin() + 1,
                                             command.argv.end());
    bp2::error_code error;
    std::unique_ptr<State> started;
    try
    {
        started = std::make_unique<State>(
            State{launcher(executor, error, *program, arguments,
                           ChildSetup{command, nullDevice, ::getpid()}),
                  {}});
    }
    catch (const boost::system::system_error& thrown)
    {
        // Process v2 has no other way to say that pidfd_open failed: out of
        // descriptors, or a kernel before 5.3.
        error = thrown.code();
        if (launcher.pid > 0) // it runs, and nobody would watch it
        {
            ::kill(launcher.pid, SIGKILL);
            ::waitpid(launcher.pid, nullptr, 0);
        }
    }
    ::close(nullDevice);
    if (error)
    {
        return tl::unexpected(
            Error{Errc::child,
                  fmt::format("{}: {}", *program, error.message()),
                  {},
                  {},
                  error.value()});
    }
    return Child(std::move(started));
}

int Child::pid() const
{
    return static_cast<int>(state->process.id());
}

asio::awaitable<ExitStatus> Child::wait()
{
    if (!state->ended)
    {
        // Process v2 takes the first event of its pidfd for the end, which
        // it need not be (see Pidfd), and blocks until there is one.
        Result<Pidfd> alive = Pidfd::open(state->process.get_executor(), pid());
        bool isOver = true;
        if (alive)
        {
            isOver = co_await alive->wait();
        }
        if (!isOver)
        {
            throw boost::system::system_error(asio::error::operation_aborted);
        }
        auto [error, status] = co_await state->process.async_wait(
            asio::as_tuple(asio::use_awaitable));
        if (error)
        {
            // Only a cancelled wait ends here: the caller's own doing.
            throw boost::system::system_error(error);
        }
        state->ended = toStatus(state->process.native_exit_code());
        (void)status;
    }
    co_return *state->ended;
}

asio::awaitable<ExitStatus> Child::stop(std::chrono::milliseconds grace)
{
    using namespace asio::experimental::awaitable_operators;
    if (!state->ended)
    {
        signal(SIGTERM);
        asio::steady_timer timer(co_await asio::this_coro::executor, grace);
        auto first = co_await (wait() || timer.async_wait(asio::use_awaitable));
        if (first.index() == 1)
        {
            signal(SIGKILL);
            co_await wait();
        }
    }
    co_return *state->ended;
}

void Child::signal(int number)
{
    if (!state->ended)
    {
        ::kill(pid(), number);
    }
}

} // namespace vmedia::process
