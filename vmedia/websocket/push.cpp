// SPDX-License-Identifier: Apache-2.0
#include "push.hpp"

#include "dial.hpp"
#include "progress.hpp"
#include "vmedia/nbd/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <csignal>
#include <fstream>
#include <iostream>

namespace vmedia::websocket
{
namespace asio = boost::asio;
using boost::beast::websocket::close_code;
using boost::beast::websocket::close_reason;
using Clock = std::chrono::steady_clock;

namespace
{

constexpr std::string_view program = "vmedia-nbd";
constexpr int interrupted = 130; // as a shell has it: 128 + SIGINT

/// The first line of @p path; "-" is the standard input.
Result<std::string> readPassword(const std::string& path)
{
    std::string line;
    std::ifstream file;
    if (path != "-")
    {
        file.open(path);
        if (!file)
        {
            return failErrno(errno, path,
                             "give --password-file a file that "
                             "holds the password in one line");
        }
    }
    std::istream& in = path == "-" ? std::cin : file;
    if (!std::getline(in, line) || line.empty())
    {
        return fail(Errc::usage, path + ": holds no password",
                    "write the password in its first line");
    }
    return line;
}

/// Bytes served and the rate: one line that is written over on a terminal,
/// a line every ten seconds in a log.
class ProgressLine
{
  public:
    explicit ProgressLine(const nbd::Traffic& counters) : traffic(counters) {}

    asio::awaitable<void> run()
    {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        const auto interval = terminal ? std::chrono::milliseconds(250)
                                       : std::chrono::milliseconds(10'000);
        while (true)
        {
            timer.expires_after(interval);
            const auto [error] =
                co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            if (error)
            {
                co_return;
            }
            show();
        }
    }

    /// A whole line of its own, above the progress line.
    void note(const std::string& line)
    {
        fmt::print(stderr, "{}{}: {}\n", clearing(), program, line);
    }

  private:
    void show()
    {
        const auto now = Clock::now();
        const uint64_t moved = traffic.readBytes + traffic.writtenBytes;
        const std::string text = progressText(
            traffic.readBytes, traffic.writtenBytes, moved - before,
            std::chrono::duration_cast<std::chrono::milliseconds>(now - then));
        if (terminal)
        {
            fmt::print(stderr, "{}  {}", clearing(), text);
        }
        else if (moved != before) // an idle medium fills no log
        {
            note(text);
        }
        before = moved;
        then = now;
    }

    std::string_view clearing() const
    {
        return terminal ? "\r\x1b[K" : "";
    }

    const nbd::Traffic& traffic;
    bool terminal = ::isatty(STDERR_FILENO) == 1;
    uint64_t before = 0;
    Clock::time_point then = Clock::now();
};

class Push
{
  public:
    Push(const PushOptions& with, nbd::Catalogue offer, Url target,
         DialOptions dialling, asio::ssl::context tls) :
        options(with), catalogue(std::move(offer)), url(std::move(target)),
        dial(std::move(dialling)),
        connection(context.get_executor(), std::move(tls))
    {}

    Result<int> run()
    {
        Result<int> outcome = 1;
        asio::co_spawn(context, serve(),
                       [&](std::exception_ptr error, Result<int> result) {
            if (error)
            {
                std::rethrow_exception(error);
            }
            outcome = std::move(result);
            context.stop(); // timers and signals have no more to do
        });
        context.run();
        return outcome;
    }

  private:
    asio::awaitable<Result<int>> serve()
    {
        using namespace asio::experimental::awaitable_operators;
        auto first =
            co_await (connection.dial(url, dial) ||
                      signals.async_wait(asio::as_tuple(asio::use_awaitable)));
        if (first.index() == 1)
        {
            co_return interrupted;
        }
        if (const Result<void>& open = std::get<0>(first); !open)
        {
            co_return tl::unexpected(open.error());
        }
        line.note("WebSocket open " + url.text());
        signals.async_wait([this](boost::system::error_code error, int) {
            if (!error)
            {
                stopping = true;
                asio::co_spawn(context, leave(), asio::detached);
            }
        });
        if (!options.quiet)
        {
            asio::co_spawn(context, line.run(), asio::detached);
        }
        nbd::SessionOptions session;
        session.log = [this](const nbd::Event& event) {
            line.note(toText(event));
        };
        const Result<nbd::SessionEnd> end = co_await nbd::serve(
            connection.stream(), catalogue, traffic, session);
        line.note(fmt::format(
            "served {} bytes of reads in {} requests, took {} bytes of writes",
            traffic.readBytes.load(), traffic.requests.load(),
            traffic.writtenBytes.load()));
        co_return co_await conclude(end);
    }

    /// Says goodbye while the session still reads: the peer's answer, or the
    /// end of our patience, ends that read and with it the session.
    asio::awaitable<void> leave()
    {
        const close_reason reason{close_code::going_away,
                                  "stopped by the user"};
        co_await connection.close(reason);
        connection.drop();
    }

    asio::awaitable<Result<int>> conclude(Result<nbd::SessionEnd> end)
    {
        if (stopping)
        {
            line.note("stopped; the medium is ejected");
            co_return interrupted;
        }
        if (end && *end != nbd::SessionEnd::closed)
        {
            line.note(*end == nbd::SessionEnd::disconnected
                          ? "the BMC disconnected (NBD_CMD_DISC)"
                          : "the BMC gave up (NBD_OPT_ABORT)");
            const close_reason reason{close_code::normal};
            co_await connection.close(reason);
            co_return *end == nbd::SessionEnd::disconnected ? 0 : 1;
        }
        const std::optional<Closed> closed = connection.closed();
        if (closed)
        {
            if (closed->code == close_code::normal)
            {
                line.note(fmt::format("the BMC ended the session{}{}",
                                      closed->reason.empty() ? "" : ": ",
                                      closed->reason));
                co_return 0;
            }
            co_return fail(
                Errc::closedByPeer,
                closed->code == 0
                    ? "the connection was lost without a WebSocket Close"
                    : fmt::format("the BMC closed with {}{}{}", closed->code,
                                  closed->reason.empty() ? "" : ": ",
                                  closed->reason),
                "see the BMC's log");
        }
        const close_reason reason{close_code::protocol_error,
                                  "NBD protocol error"};
        co_await connection.close(reason);
        co_return tl::unexpected(
            end ? Error{Errc::protocol, "the session ended"} : end.error());
    }

    const PushOptions& options;
    asio::io_context context{1};
    asio::signal_set signals{context, SIGINT, SIGTERM};
    nbd::Catalogue catalogue;
    nbd::Traffic traffic;
    Url url;
    DialOptions dial;
    Connection connection;
    ProgressLine line{traffic};
    bool stopping = false;
};

Result<int> prepareAndRun(const PushOptions& options)
{
    Result<exports::ExportPointer> image = exports::openFile(
        options.image, options.writable ? exports::Access::readWrite
                                        : exports::Access::readOnly);
    if (!image)
    {
        return tl::unexpected(image.error());
    }
    Result<Url> url = parseUrl(options.url);
    if (!url)
    {
        return tl::unexpected(url.error());
    }
    DialOptions dial;
    dial.caFile = options.caFile;
    dial.verify = !options.insecure;
    dial.deadline = std::chrono::seconds(options.timeout);
    if (!options.user.empty())
    {
        if (options.passwordFile.empty())
        {
            return fail(Errc::usage, "--user is given, but no password",
                        "give --password-file FILE, or - for standard input");
        }
        Result<std::string> password = readPassword(options.passwordFile);
        if (!password)
        {
            return tl::unexpected(password.error());
        }
        dial.credentials = {options.user, *password};
    }
    Result<asio::ssl::context> tls = clientTls(dial);
    if (!tls)
    {
        return tl::unexpected(tls.error());
    }
    nbd::Catalogue catalogue;
    catalogue.add("", std::move(*image));
    // There is one WebSocket, and no second connection to promise things of.
    catalogue.infos[0].flags &= static_cast<uint16_t>(~nbd::canMultiConn);
    Push push(options, std::move(catalogue), std::move(*url), std::move(dial),
              std::move(*tls));
    return push.run();
}

} // namespace

CLI::App* addPush(CLI::App& app, PushOptions& options)
{
    CLI::App* push = app.add_subcommand(
        "push", "Insert a local image into a BMC: serve it over a WebSocket");
    push->add_option("image", options.image, "Image file or block device")
        ->required();
    push->add_option("url", options.url, "wss://HOST[:PORT]/nbd/0")->required();
    push->add_option("-u,--user", options.user, "User name on the BMC")
        ->type_name("NAME");
    push->add_option("--password-file", options.passwordFile,
                     "File with the password in its first line; - is stdin")
        ->type_name("FILE");
    push->add_option("--ca-file", options.caFile,
                     "Trust this PEM file instead of the system's authorities")
        ->type_name("FILE");
    push->add_flag("-k,--insecure", options.insecure,
                   "Do not verify the server's certificate");
    push->add_flag("--writable", options.writable,
                   "Let the host write to the image; without it, read-only");
    push->add_option("--timeout", options.timeout,
                     "Seconds to connect and log in")
        ->check(CLI::Range(1U, 3600U))
        ->type_name("S")
        ->capture_default_str();
    push->add_flag("-q,--quiet", options.quiet, "No progress line");
    push->footer("Exit: 0 served to the end (the BMC disconnected), 1 not "
                 "served to the end,\n2 usage, 130 stopped by Ctrl-C");
    return push;
}

int runPush(const PushOptions& options)
{
    const Result<int> status = prepareAndRun(options);
    return status ? *status : report(program, status.error());
}

} // namespace vmedia::websocket
