// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include "activation.hpp"
#include "credentials.hpp"
#include "daemon.hpp"
#include "offer.hpp"
#include "run_command.hpp"
#include "server.hpp"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

constexpr std::string_view program = "vmedia-nbd";

/// A line to stderr for @p event, if it is asked for.
void tell(const ServeOptions& options, const Event& event)
{
    if (options.log == "json")
    {
        fmt::print(stderr, "{}\n", toJson(event));
        return;
    }
    if (options.verbose || announces(event))
    {
        if (const std::string line = toText(event); !line.empty())
        {
            fmt::print(stderr, "{}: {}\n", program, line);
        }
    }
}

/// Where to listen, by the options or by who started us.
Result<Endpoint> chooseEndpoint(const ServeOptions& options,
                                PrivateSocket& privateSocket)
{
    const Result<std::optional<Endpoint>> passed = passedEndpoint();
    if (!passed)
    {
        return tl::unexpected(passed.error());
    }
    const bool given = !options.unixSocket.empty() || options.port ||
                       options.address;
    if (*passed)
    {
        if (given || !options.run.empty())
        {
            return fail(Errc::usage,
                        fmt::format("a socket was passed (LISTEN_FDS), and {} "
                                    "is given, too",
                                    given ? "-U, -p or -i" : "--run"),
                        "leave one of them out");
        }
        return **passed;
    }
    Endpoint endpoint;
    endpoint.unixSocket = options.unixSocket;
    endpoint.address = options.address.value_or(endpoint.address);
    endpoint.port = options.port.value_or(endpoint.port);
    if (!options.run.empty() && !given)
    {
        Result<std::string> path = privateSocket.make();
        if (!path)
        {
            return tl::unexpected(path.error());
        }
        endpoint.unixSocket = std::move(*path);
    }
    return endpoint;
}

/// What a client on this machine may paste: a single export's own URI; of
/// several the one that lists them.
Result<std::string> uriOf(const ServeOptions& options, const Server& server,
                          const Catalogue& catalogue, tls::Mode mode)
{
    const bool single = catalogue.infos.size() == 1;
    const ExportInfo& first = catalogue.infos.front();
    UriAccess access;
    if (mode == tls::Mode::require || (single && first.tlsOnly))
    {
        Result<UriAccess> secret = tlsAccess(options);
        if (!secret)
        {
            return tl::unexpected(secret.error());
        }
        access = std::move(*secret);
    }
    if (single && !first.byDefault)
    {
        access.exportName = first.name;
    }
    return toUri(server.endpoint(), access);
}

Result<ServerOptions> serverOptions(const ServeOptions& options, tls::Mode mode)
{
    ServerOptions with;
    Result<std::optional<tls::Context>> security = tlsContext(options, mode);
    if (!security)
    {
        return tl::unexpected(security.error());
    }
    if (*security && options.deviation.tls)
    {
        options.deviation.tls((*security)->native(), options.tlsPsk);
    }
    with.tls = std::move(*security);
    with.session.tls = mode;
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
    }
    with.session.transmission.payload = options.requestBytes;
    with.session.transmission.requests = options.requests;
    with.session.transmission.inHand = options.bytesInHand;
    with.session.deviation = options.deviation;
    with.session.log = [&options](const Event& event) { tell(options, event); };
    return with;
}

Event listening(const std::string& uri, const Catalogue& catalogue,
                tls::Mode mode)
{
    const ExportInfo& first = catalogue.infos.front();
    return {Listening{uri, catalogue.infos.size(), first.size,
                      (first.flags & readOnly) != 0, mode,
                      mode != tls::Mode::off && tls::kernelTls().has_value()}};
}

Result<int> serveUntilStopped(const ServeOptions& options)
{
    const Result<tls::Mode> mode = tls::parseMode(options.tls);
    if (!mode)
    {
        return tl::unexpected(mode.error());
    }
    const auto notice = [&options](const std::string& line) {
        tell(options, {Noticed{line}});
    };
    Result<Offer> offer = openOffer(options, *mode, notice);
    if (!offer)
    {
        return tl::unexpected(offer.error());
    }
    Result<ServerOptions> with = serverOptions(options, *mode);
    if (!with)
    {
        return tl::unexpected(with.error());
    }
    PrivateSocket privateSocket;
    const Result<Endpoint> endpoint = chooseEndpoint(options, privateSocket);
    if (!endpoint)
    {
        return tl::unexpected(endpoint.error());
    }
    with->endpoint = *endpoint;
    if (!options.faults.empty())
    {
        tell(options, {FaultsPlanned{options.faults, options.seed}});
    }
    asio::io_context context;
    auto server = Server::listen(context.get_executor(), offer->catalogue,
                                 std::move(*with));
    if (!server)
    {
        return tl::unexpected(server.error());
    }
    const Result<std::string> uri = uriOf(options, **server, offer->catalogue,
                                          *mode);
    if (!uri)
    {
        return tl::unexpected(uri.error());
    }
    Background background;
    // Who passed a socket, or waits for a command, waits for this process.
    if (!options.foreground && options.run.empty() && endpoint->passed < 0)
    {
        if (Result<void> done = background.enter(context); !done)
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
    std::string reason = "the command of --run ended";
    signals.async_wait([&](boost::system::error_code error, int number) {
        if (!error)
        {
            reason = number == SIGINT ? "SIGINT" : "SIGTERM";
            if (command)
            {
                command->signal(SIGTERM);
            }
        }
        (*server)->stop();
    });
    (*server)->start();
    background.ready();
    tell(options, listening(*uri, offer->catalogue, *mode));

    int status = 0;
    if (!options.run.empty())
    {
        Result<process::Child> child =
            startRun(context, options.run, *uri, (*server)->endpoint(),
                     offer->catalogue.infos.front().name);
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
    server->reset(); // no session writes any more
    tell(options, {Stopped{reason}});
    if (!options.commit.empty())
    {
        const Result<void> done = offer->overlay->commitTo(options.commit);
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
    if (!served)
    {
        tell(options, {Failed{served.error()}});
        return exitStatus(served.error());
    }
    return *served;
}

} // namespace vmedia::nbd
