// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"
#include "server.hpp"
#include "tls_context.hpp"
#include "users.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/process/search.hpp"
#include "vmedia/proxy/config.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <optional>

namespace
{

using namespace vmedia;

struct Options
{
    std::string listen = "127.0.0.1:8443";
    std::string certificate{};
    std::string key{};
    bool plain = false;
    std::string users{};
    std::string proxyConfig = VMEDIA_SYSCONFDIR "/nbd-proxy/config.json";
    std::string nbdProxy = "nbd-proxy";
    std::vector<std::string> nbdProxyArguments{};
    int idleS = 60;
    double childGraceS = 30;
};

void addOptions(CLI::App& app, Options& o)
{
    app.option_defaults()->multi_option_policy(
        CLI::MultiOptionPolicy::TakeLast);
    app.add_option("--listen", o.listen, "ADDRESS:PORT; port 0 is a free one")
        ->capture_default_str();
    CLI::Option* certificate = app.add_option(
        "--certificate", o.certificate,
        "The server's certificate chain (PEM); it and --key are required "
        "but with --plain");
    CLI::Option* key = app.add_option("--key", o.key, "Its private key (PEM)");
    app.add_flag("--plain", o.plain,
                 "HTTP, for a proxy on this machine that has TLS itself; "
                 "--listen must be a loopback address")
        ->excludes(certificate)
        ->excludes(key);
    app.add_option("--users", o.users,
                   "Lines NAME:HASH, mode 0600; openssl passwd -6 makes a hash")
        ->required();
    app.add_option("--proxy-config", o.proxyConfig,
                   "nbd-proxy's configuration file; each of its "
                   "configurations is a slot, /nbd/NAME")
        ->capture_default_str();
    app.add_option("--nbd-proxy", o.nbdProxy, "Program, or its path")
        ->capture_default_str();
    app.add_option("--nbd-proxy-arg", o.nbdProxyArguments,
                   "One argument for nbd-proxy, before the slot's name; may "
                   "be given again. Such as "
                   "--nbd-proxy-arg=--config-file=/tmp/config.json")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->expected(1)
        ->allow_extra_args(false);
    app.add_option("--idle-timeout", o.idleS,
                   "Seconds after which a silent client counts as dead; it is "
                   "pinged after half of them")
        ->capture_default_str()
        ->check(CLI::Range(1, 86400));
    app.add_option("--child-grace", o.childGraceS,
                   "Seconds that nbd-proxy may take to end, before SIGTERM")
        ->capture_default_str()
        ->check(CLI::PositiveNumber);
}

constexpr command::Section manual[] = {
    {"Notes", "GET / lists the slots. SIGTERM closes each session in order.",
     true},
    {"Exit status", "0 stopped by a signal, 1 failed, 2 usage or configuration",
     true},
};

Result<void> run(const Options& o)
{
    auto endpoint = httpd::parseEndpoint(o.listen);
    if (!endpoint)
    {
        return tl::unexpected(endpoint.error());
    }
    if (o.plain && !endpoint->address().is_loopback())
    {
        return fail(Errc::usage,
                    fmt::format("--plain with --listen {} would send passwords "
                                "in the clear",
                                o.listen),
                    "listen on 127.0.0.1 or [::1], or use --certificate and "
                    "--key");
    }
    if (!o.plain && (o.certificate.empty() || o.key.empty()))
    {
        return fail(Errc::usage,
                    fmt::format("{} is required", o.certificate.empty()
                                                      ? "--certificate"
                                                      : "--key"),
                    "see vmedia-httpd --help");
    }
    auto config = proxy::loadConfig(o.proxyConfig);
    if (!config)
    {
        return tl::unexpected(config.error());
    }
    auto program = process::findProgram(o.nbdProxy);
    if (!program)
    {
        return during("--nbd-proxy", program.error());
    }
    auto users = httpd::Users::load(o.users);
    if (!users)
    {
        return tl::unexpected(users.error());
    }
    std::optional<boost::asio::ssl::context> tls;
    if (!o.plain)
    {
        auto made = httpd::tlsContext(o.certificate, o.key);
        if (!made)
        {
            return tl::unexpected(made.error());
        }
        tls.emplace(std::move(*made));
    }
    std::vector<std::string> slots;
    for (const proxy::Configuration& one : config->configurations)
    {
        slots.push_back(one.name);
    }
    std::vector<std::string> command{*program};
    command.insert(command.end(), o.nbdProxyArguments.begin(),
                   o.nbdProxyArguments.end());
    return httpd::runServer({*endpoint,
                             slots,
                             {command, std::chrono::seconds(o.idleS),
                              std::chrono::milliseconds(
                                  static_cast<int64_t>(o.childGraceS * 1000))}},
                            std::move(tls), std::move(*users));
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{"Serves virtual media to browsers: HTTPS, and NBD over "
                 "WebSocket to one nbd-proxy for each slot",
                 "vmedia-httpd"};
    app.set_version_flag("--version", versionText("vmedia-httpd"));
    Options options;
    addOptions(app, options);
    command::addManual(app, manual);
    try
    {
        app.parse(argc, argv);
        const Result<void> ran = run(options);
        return ran ? 0 : report("vmedia-httpd", ran.error());
    }
    catch (const CLI::ParseError& error)
    {
        return command::parseFailed(app, error);
    }
    catch (const std::exception& error)
    {
        return report("vmedia-httpd", {Errc::io, error.what()});
    }
}
