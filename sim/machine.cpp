// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include "vmedia/process/search.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/object.hpp>

namespace sim
{
namespace asio = boost::asio;
using asio::local::stream_protocol;
using vmedia::Errc;
using vmedia::Result;
using vmedia::process::Child;
using namespace asio::experimental::awaitable_operators;

namespace
{

std::vector<std::string> commandLine(const MachineOptions& o)
{
    std::vector<std::string> argv{
        "qemu-system-x86_64", "-name", "vmedia-" + o.name, "-nodefaults",
        "-no-reboot", "-display", "none", "-machine",
        // Without graphics SeaBIOS puts its text console on the serial port.
        o.biosOnSerial ? "q35,graphics=off" : "q35",
        // One CPU: two are slower than one where the machine has two cores.
        "-smp", "1", "-m", std::to_string(o.memoryMiB)};
    auto add = [&](std::initializer_list<std::string> words) {
        argv.insert(argv.end(), words);
    };
    auto socket = [&](std::string_view id) {
        return fmt::format(
            "socket,id={},path={}", id,
            (o.folder / fmt::format("{}-{}", o.name, id)).string());
    };
    if (o.accel == Accel::kvm)
    {
        add({"-accel", "kvm", "-cpu", "host"});
    }
    else
    {
        add({"-accel", "tcg,thread=multi", "-cpu", "max"});
    }
    add({"-chardev", socket("serial"), "-serial", "chardev:serial"});
    add({"-chardev", socket("qmp"), "-mon", "chardev=qmp,mode=control"});
    if (o.bios)
    {
        add({"-chardev", socket("bios"), "-device",
             "isa-debugcon,iobase=0x402,chardev=bios"});
    }
    if (o.spareMonitor)
    {
        add({"-qmp",
             fmt::format("unix:{},server=on,wait=off",
                         (o.folder / (o.name + "-qmp.sock")).string())});
    }
    argv.insert(argv.end(), o.devices.begin(), o.devices.end());
    return argv;
}

/// The last words of a QEMU that ended.
std::string lastWords(const LogPtr& log)
{
    const std::vector<std::string> lines = log->tail();
    return lines.empty() ? "it printed nothing" : lines.back();
}

} // namespace

Result<LogPipe> openLogPipe(const asio::any_io_executor& executor)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
    {
        return vmedia::failErrno(errno, "pipe");
    }
    return LogPipe{
        std::make_shared<asio::posix::stream_descriptor>(executor, ends[0]),
        ends[1]};
}

Machine::Machine(Child c, std::vector<Stream> s, Qmp m) :
    child(std::move(c)), streams(std::move(s)), monitor(std::move(m))
{}

Machine::~Machine()
{
    for (const Stream& stream : streams) // none are left after a move
    {
        boost::system::error_code ignored;
        stream->close(ignored);
    }
}

asio::awaitable<Result<Machine>> Machine::start(MachineOptions options)
{
    auto executor = co_await asio::this_coro::executor;
    Result<std::string> qemu =
        vmedia::process::findProgram("qemu-system-x86_64", "qemu-system-x86");
    Result<LogPipe> words = openLogPipe(executor);
    if (!qemu || !words)
    {
        co_return tl::unexpected(qemu ? words.error() : qemu.error());
    }
    std::vector<std::string> ids{"serial", "qmp"};
    if (options.bios)
    {
        ids.emplace_back("bios");
    }
    std::vector<stream_protocol::acceptor> acceptors;
    for (const std::string& id : ids)
    {
        const auto path = options.folder /
                          fmt::format("{}-{}", options.name, id);
        std::filesystem::remove(path); // of the machine that was here before
        acceptors.emplace_back(executor,
                               stream_protocol::endpoint(path.string()));
    }

    Result<Child> child =
        Child::start(executor, {commandLine(options), -1, -1, words->writeEnd});
    ::close(words->writeEnd);
    if (!child)
    {
        co_return tl::unexpected(child.error());
    }
    pump(words->readEnd, options.stderrLog);

    std::vector<Stream> streams;
    for (auto& acceptor : acceptors)
    {
        auto first = co_await (acceptor.async_accept(asio::use_awaitable) ||
                               child->wait());
        if (first.index() == 1)
        {
            // The pipe ends with QEMU; what it wrote is read before that.
            Event turn(executor);
            while (!options.stderrLog->closed())
            {
                co_await turn.wait(Clock::now() + std::chrono::milliseconds(5));
            }
            co_return vmedia::fail(
                Errc::child,
                fmt::format("QEMU ({}) ended with status {}: {}", options.name,
                            std::get<1>(first), lastWords(options.stderrLog)));
        }
        streams.push_back(
            std::make_shared<Socket>(std::move(std::get<0>(first))));
    }
    pump(streams[0], options.console);
    if (options.bios)
    {
        pump(streams[2], options.bios);
    }
    Machine machine(std::move(*child), streams, Qmp(streams[1]));
    Result<std::string> version = co_await machine.monitor.open();
    if (!version)
    {
        co_return vmedia::during(options.name, version.error());
    }
    machine.qemuVersion = std::move(*version);
    co_return std::move(machine);
}

asio::awaitable<Result<uint16_t>> Machine::forwarded(uint16_t guestPort)
{
    const boost::json::object arguments{{"command-line", "info usernet"}};
    Qmp::Answer answer = co_await monitor.execute("human-monitor-command",
                                                  arguments);
    if (!answer)
    {
        co_return tl::unexpected(answer.error());
    }
    const std::string_view text = answer->is_string()
                                      ? std::string_view(answer->get_string())
                                      : std::string_view();
    if (auto port = findForward(text, guestPort))
    {
        co_return *port;
    }
    co_return vmedia::fail(
        Errc::child,
        fmt::format("QEMU forwards no port to {} of the guest", guestPort));
}

} // namespace sim
