// SPDX-License-Identifier: Apache-2.0
#include "up.hpp"

#include "programs.hpp"
#include "report.hpp"
#include "signals.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/asio/experimental/awaitable_operators.hpp>

namespace sim
{
namespace asio = boost::asio;
namespace fs = std::filesystem;
using vmedia::Errc;
using vmedia::Result;

namespace
{

/// To be pasted, also where our programs are not on PATH.
std::string pushLine(const Lab& lab)
{
    std::vector<std::string> argv = lab.pushCommand("IMAGE");
    argv[0] = findOurs(argv[0]).value_or(argv[0]);
    return fmt::format("{}", fmt::join(argv, " "));
}

std::string guide(const Lab& lab, const fs::path& folder, const fs::path& logs)
{
    return fmt::format(
        "\nThe BMC is up. Plug a medium in:\n\n"
        "  {push}\n\n"
        "URL         {url}\n"
        "user        {user}\n"
        "password    {password}\n"
        "CA          {ca}\n"
        "logs        {logs}/*.log\n"
        "BMC shell   socat -,raw,echo=0,escape=0x1d unix:{folder}/bmc-shell.sock"
        "   (leave with Ctrl-])\n"
        "QMP         {folder}/bmc-qmp.sock, and host-qmp.sock\n\n"
        "Ctrl-C ends all of it.\n",
        fmt::arg("push", pushLine(lab)), fmt::arg("url", lab.url()),
        fmt::arg("user", lab.secrets.user),
        fmt::arg("password", lab.secrets.passwordFile.string()),
        fmt::arg("ca", lab.secrets.certificate.string()),
        fmt::arg("logs", logs.string()), fmt::arg("folder", folder.string()));
}

asio::awaitable<Result<void>> keepUp(const UpOptions& options,
                                     std::shared_ptr<Run> run,
                                     std::ostream& out)
{
    Result<Lab> lab = co_await Lab::prepare(options.lab, run);
    if (!lab)
    {
        co_return tl::unexpected(lab.error());
    }
    out << fmt::format("kernel  Linux {}\nrunning {}\n\n", lab->kernel.version,
                       lab->accel.why)
        << std::flush;
    if (Result<void> bmc = co_await lab->startBmc(true); !bmc)
    {
        co_return bmc;
    }
    out << guide(*lab, run->folder(),
                 options.lab.logs.empty() ? run->folder() : options.lab.logs)
        << std::endl;
    bool running = false;
    for (uint64_t cables = 0; !lab->bmcEnded();)
    {
        if (running && lab->hostConsole()->closed())
        {
            out << "           (the host powered off)" << std::endl;
            lab->stopHost();
            running = false;
        }
        if (options.host && !running && run->cablesReady != cables)
        {
            cables = run->cablesReady;
            if (Result<void> host = co_await lab->startHost(true); !host)
            {
                co_return host;
            }
            running = true;
        }
        co_await run->event().wait(Clock::time_point::max());
    }
    run->blame(Stage::bmcUserSpace, lab->alive().back());
    co_return vmedia::fail(Errc::child, "the BMC ended by itself");
}

} // namespace

asio::awaitable<int> runUp(UpOptions options, std::ostream& out,
                           std::ostream& err)
{
    using namespace asio::experimental::awaitable_operators;
    auto executor = co_await asio::this_coro::executor;
    Run::Options runOptions;
    runOptions.expectation.ownImage = false;
    runOptions.timeoutScale = options.lab.timeoutScale;
    runOptions.logs = options.lab.logs;
    runOptions.columns = options.columns;
    auto run = Run::make(executor, runOptions, out);
    auto first = co_await (keepUp(options, run, out) || untilSignal());
    if (first.index() == 1)
    {
        out << "\nended by " << std::get<1>(first).name << std::endl;
        co_return 0;
    }
    const vmedia::Error& error = std::get<0>(first).error();
    tellFailure(err, vmedia::describe(error), run->failedLog(),
                options.lab.logs);
    co_return error.code == Errc::usage ? 2 : 1;
}

} // namespace sim
