// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <fmt/format.h>

namespace vmedia::nbd
{

void addServe(CLI::App& app, ServeOptions& options)
{
    app.add_flag("-f,--foreground", options.foreground,
                 "Stay in the foreground");
    app.add_option("-U,--unix", options.unixSocket,
                   "Listen on this unix socket instead of TCP");
    app.add_option("-p,--port", options.port,
                   "Listen on this TCP port; 0 takes a free one")
        ->capture_default_str();
    app.add_option("-i,--ipaddr", options.address, "Listen on this address")
        ->capture_default_str();
    app.add_option("-P,--pidfile", options.pidFile,
                   "Write the process id here once the server listens");
    app.add_flag("-r,--readonly", options.readOnly,
                 "Refuse writes; the image needs no write permission");
    app.add_option("-e,--exportname", options.exportName,
                   "Name of the export; without it, the default export \"\"");
    app.add_option("--connections", options.connections,
                   "Clients at the same time; more are turned away")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--negotiation-timeout", options.negotiationSeconds,
                   "Seconds that a client may take until transmission")
        ->check(CLI::Range(1U, 86400U))
        ->capture_default_str();
    app.add_option("--options", options.limits.options,
                   "Options that a client may send until transmission")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--option-bytes", options.limits.keptBytes,
                   "Bytes of an option that are kept; longer ones are refused")
        ->check(CLI::Range(8192U, 256U << 10))
        ->capture_default_str();
    app.add_option("--request-size", options.requestBytes,
                   "Bytes that one request may read or write; one payload and "
                   "one reply of that size are all that a client can make the "
                   "server hold")
        ->check(CLI::Range(1U << 16, 1U << 30))
        ->capture_default_str();
    app.add_option("--tls", options.tls,
                   "off, on (a client may ask for it) or require")
        ->capture_default_str();
    app.add_option("--tls-psk", options.tlsPsk,
                   "File of users and keys, as psktool writes it; mode 0600");
    app.add_option("--tls-certificates", options.tlsCertificates,
                   "Directory with ca-cert.pem, server-cert.pem, "
                   "server-key.pem, and ca-crl.pem if there is one");
    app.add_flag("--tls-verify-peer", options.tlsVerifyPeer,
                 "Clients need a certificate of that authority, too");
    app.add_option("--tls-ciphers", options.tlsCiphers,
                   "Instead of the default choice; OpenSSL's names");
    app.add_option("--run", options.run,
                   "Serve while this shell command runs, and exit as it does; "
                   "it finds $uri, $unixsocket, $port, $exportname");
    app.add_option("--commit", options.commit,
                   "With overlay: write the changed content to this new file "
                   "at the end");
    app.add_option("--fault", options.faults,
                   "What goes wrong, such as 'delay 50ms every 10; cut at 100; "
                   "error EIO read 1%'");
    app.add_option("--seed", options.seed, "Repeat the chances of --fault")
        ->capture_default_str();
    app.add_flag("-v,--verbose", options.verbose,
                 "A line for each client's beginning and end");
    app.add_option("plugin", options.plugin,
                   "file, memory, pattern, null, overlay or forward");
    app.add_option("parameters", options.parameters,
                   "PATH of an image or block device; SIZE (64M, 1G); "
                   "another plugin and its parameters (overlay); URI, and "
                   "timeout=SECONDS for what a request may take (forward)");
}

int parseFailed(const CLI::App& app, const CLI::ParseError& error)
{
    if (error.get_exit_code() == 0) // --help, --version
    {
        return app.exit(error);
    }
    const auto subcommands = app.get_subcommands();
    fmt::print(stderr, "{}: {}; see {}{}{} --help\n", app.get_name(),
               error.what(), app.get_name(), subcommands.empty() ? "" : " ",
               subcommands.empty() ? "" : subcommands[0]->get_name());
    return 2;
}

} // namespace vmedia::nbd
