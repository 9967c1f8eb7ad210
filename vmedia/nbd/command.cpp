// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include "server.hpp"
#include "vmedia/exports/open.hpp"
#include "vmedia/exports/overlay.hpp"
#include "vmedia/process/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

constexpr std::string_view program = "vmedia-nbd";

/// Written once the server listens; removed when it goes.
class PidFile
{
  public:
    Result<void> write(const std::string& path)
    {
        std::ofstream out(path);
        out << ::getpid() << '\n';
        out.close();
        if (!out)
        {
            return failErrno(errno, path,
                             "give --pidfile a path that can be written");
        }
        file = path;
        return {};
    }
    ~PidFile()
    {
        std::error_code ignored;
        if (!file.empty())
        {
            std::filesystem::remove(file, ignored);
        }
    }

  private:
    std::string file;
};

/// Where --run serves if it was not said where: a socket that only we reach.
class PrivateSocket
{
  public:
    Result<std::string> make()
    {
        std::string name = std::filesystem::temp_directory_path() /
                           "vmedia-nbd-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr)
        {
            return failErrno(errno, name, "set TMPDIR to a writable directory");
        }
        directory = name;
        return directory + "/sock";
    }
    ~PrivateSocket()
    {
        std::error_code ignored;
        if (!directory.empty())
        {
            std::filesystem::remove_all(directory, ignored);
        }
    }

  private:
    std::string directory;
};

/// nbdkit's --run: a shell command that finds the server in its environment.
Result<process::Child> startRun(asio::io_context& context,
                                const ServeOptions& options,
                                const std::string& uri,
                                const std::string& unixSocket)
{
    const std::string port = unixSocket.empty() ? uri.substr(uri.rfind(':') + 1)
                                                : "";
    return process::Child::start(
        context.get_executor(),
        {{"/bin/sh", "-c", options.run},
         STDIN_FILENO,
         STDOUT_FILENO,
         STDERR_FILENO,
         {"uri=" + uri, "unixsocket=" + unixSocket, "port=" + port,
          "exportname=" + options.exportName}});
}

/// Into the background, as nbdkit goes without -f: the parent leaves with
/// success once the server listens, so a script may connect at once.
Result<void> daemonise(asio::io_context& context)
{
    context.notify_fork(asio::execution_context::fork_prepare);
    const pid_t pid = ::fork();
    if (pid < 0)
    {
        return failErrno(errno, "fork");
    }
    if (pid > 0)
    {
        ::_exit(0); // no destructor: the child owns the socket file now
    }
    context.notify_fork(asio::execution_context::fork_child);
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int descriptor : {0, 1, 2})
    {
        ::dup2(null, descriptor);
    }
    ::close(null);
    return {};
}

/// For the start-up line.
std::string tlsText(tls::Mode mode)
{
    if (mode == tls::Mode::off)
    {
        return {};
    }
    return fmt::format(", TLS {}{}",
                       mode == tls::Mode::require ? "required" : "offered",
                       tls::kernelTls() ? ", in the kernel over TCP" : "");
}

/// --tls and its companions, checked together.
Result<std::optional<tls::Context>> tlsOf(const ServeOptions& options,
                                          tls::Mode mode)
{
    const bool credentials = !options.tlsPsk.empty() ||
                             !options.tlsCertificates.empty();
    if (mode == tls::Mode::off)
    {
        if (credentials)
        {
            return fail(Errc::usage,
                        "TLS credentials are given, but --tls is off",
                        "add --tls=require, or --tls=on");
        }
        return std::nullopt;
    }
    if (!credentials)
    {
        return fail(
            Errc::usage,
            fmt::format("--tls={} needs credentials", tls::toString(mode)),
            "give --tls-psk FILE or --tls-certificates DIR");
    }
    tls::ServerOptions with;
    with.mode = mode;
    with.pskFile = options.tlsPsk;
    with.certificates = options.tlsCertificates;
    with.verifyPeer = options.tlsVerifyPeer;
    with.ciphers = options.tlsCiphers;
    Result<tls::Context> context = tls::serverContext(with);
    if (!context)
    {
        return tl::unexpected(context.error());
    }
    return std::move(*context);
}

Result<int> serveUntilStopped(const ServeOptions& options)
{
    Result<exports::ExportPointer> data =
        exports::openExport(options.plugin, options.parameters,
                            options.readOnly ? exports::Access::readOnly
                                             : exports::Access::readWrite);
    if (!data)
    {
        return tl::unexpected(data.error());
    }
    if (options.exportName.size() > stringMax)
    {
        return fail(Errc::usage,
                    fmt::format("the export name has {} bytes; 4096 is the "
                                "protocol's limit",
                                options.exportName.size()),
                    "give --exportname a shorter one");
    }
    auto* overlay = dynamic_cast<exports::Overlay*>(data->get());
    if (!options.commit.empty() && overlay == nullptr)
    {
        return fail(Errc::usage, "--commit is given, but no overlay",
                    "use: --commit FILE overlay file disk.img");
    }
    Catalogue catalogue;
    catalogue.add(options.exportName, std::move(*data));
    if (!options.tlsOnlyExport.empty())
    {
        Result<exports::ExportPointer> other =
            exports::openExport("memory", {"1M"}, exports::Access::readWrite);
        if (!other)
        {
            return tl::unexpected(other.error());
        }
        catalogue.add(options.tlsOnlyExport, std::move(*other));
        catalogue.infos.back().tlsOnly = true;
    }
    catalogue.infos.front().blockSize.maximum = options.requestBytes;

    const Result<tls::Mode> mode = tls::parseMode(options.tls);
    if (!mode)
    {
        return tl::unexpected(mode.error());
    }
    Result<std::optional<tls::Context>> security = tlsOf(options, *mode);
    if (!security)
    {
        return tl::unexpected(security.error());
    }
    if (*security && options.deviation.tls)
    {
        options.deviation.tls((*security)->native(), options.tlsPsk);
    }

    asio::io_context context;
    ServerOptions with;
    with.tls = std::move(*security);
    with.session.tls = *mode;
    PrivateSocket privateSocket;
    with.endpoint = {options.unixSocket, options.address, options.port};
    if (!options.run.empty() && options.unixSocket.empty() &&
        options.port == ServeOptions{}.port)
    {
        Result<std::string> path = privateSocket.make();
        if (!path)
        {
            return tl::unexpected(path.error());
        }
        with.endpoint.unixSocket = std::move(*path);
    }
    with.connections = options.connections;
    with.negotiationDeadline = std::chrono::seconds(options.negotiationSeconds);
    with.session.negotiation = options.limits;
    if (!options.faults.empty())
    {
        Result<exports::FaultPlan> plan =
            exports::FaultPlan::parse(options.faults, options.seed);
        if (!plan)
        {
            return tl::unexpected(plan.error());
        }
        with.session.faults = std::move(*plan);
        fmt::print(stderr, "{}: faults '{}', seed {}\n", program,
                   options.faults, options.seed);
    }
    with.session.transmission.payload = options.requestBytes;
    with.session.deviation = options.deviation;
    if (options.verbose)
    {
        with.session.log = [](const std::string& line) {
            fmt::print(stderr, "{}: {}\n", program, line);
        };
    }
    auto server = Server::listen(context.get_executor(), catalogue, with);
    if (!server)
    {
        return tl::unexpected(server.error());
    }
    if (!options.foreground && options.run.empty())
    {
        if (Result<void> done = daemonise(context); !done)
        {
            return tl::unexpected(done.error());
        }
    }
    PidFile pidFile;
    if (!options.pidFile.empty())
    {
        if (Result<void> written = pidFile.write(options.pidFile); !written)
        {
            return tl::unexpected(written.error());
        }
    }
    asio::signal_set signals(context, SIGINT, SIGTERM);
    std::optional<process::Child> command;
    signals.async_wait([&](boost::system::error_code error, int) {
        if (!error && command)
        {
            command->signal(SIGTERM);
        }
        (*server)->stop();
    });
    (*server)->start();
    const ExportInfo& info = catalogue.infos.front();
    fmt::print(stderr, "{}: listening on {} ({} bytes, {}{})\n", program,
               (*server)->uri(), info.size,
               (info.flags & readOnly) != 0 ? "read-only" : "writable",
               tlsText(*mode));

    int status = 0;
    if (!options.run.empty())
    {
        Result<process::Child> child = startRun(
            context, options, (*server)->uri(), with.endpoint.unixSocket);
        if (!child)
        {
            return tl::unexpected(child.error());
        }
        command.emplace(std::move(*child));
        asio::co_spawn(context, command->wait(),
                       [&](std::exception_ptr, int ended) {
            status = ended;
            signals.cancel(); // and so stop
        });
    }
    context.run();
    if (!options.commit.empty())
    {
        server->reset(); // no session writes any more
        const Result<void> done = overlay->commitTo(options.commit);
        if (!done)
        {
            return tl::unexpected(done.error());
        }
    }
    return status;
}

} // namespace

int runServe(const ServeOptions& options)
{
    const Result<int> served = serveUntilStopped(options);
    return served ? *served : report(program, served.error());
}

} // namespace vmedia::nbd
