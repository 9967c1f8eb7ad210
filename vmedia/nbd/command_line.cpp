// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <CLI/CLI.hpp>

namespace vmedia::nbd
{

namespace
{

void addListening(CLI::App& app, ServeOptions& options)
{
    constexpr const char* group = "Listening";
    app.add_option("-U,--unix", options.unixSocket,
                   "Listen on this unix socket instead of TCP")
        ->type_name("PATH")
        ->group(group);
    app.add_option("-p,--port", options.port,
                   "Listen on this TCP port; 0 takes a free one")
        ->type_name("PORT")
        ->default_str("10809")
        ->group(group);
    app.add_option("-i,--ipaddr", options.address, "Listen on this address")
        ->type_name("ADDRESS")
        ->default_str("127.0.0.1")
        ->group(group);
    app.add_option("--run", options.run,
                   "Serve while this shell command runs, and exit as it does; "
                   "it finds $uri, $unixsocket, $port, $exportname")
        ->type_name("COMMAND")
        ->group(group);
    app.add_flag("-f,--foreground", options.foreground,
                 "Stay in the foreground; else the command returns once it "
                 "listens")
        ->group(group);
    app.add_option("-P,--pidfile", options.pidFile,
                   "Write the process id here once the server listens")
        ->type_name("FILE")
        ->group(group);
}

void addExport(CLI::App& app, ServeOptions& options)
{
    constexpr const char* group = "Exports";
    app.add_flag("-r,--readonly", options.readOnly,
                 "Refuse writes; the image needs no write permission")
        ->group(group);
    app.add_option("-e,--exportname", options.exportName,
                   "Name of the export; without it, the default export \"\"")
        ->type_name("NAME")
        ->group(group);
    app.add_option("--description", options.description,
                   "Told to clients that ask for it")
        ->type_name("TEXT")
        ->group(group);
    app.add_option("--exports", options.exportFile,
                   "Serve all that this TOML file lists, instead of a plugin")
        ->type_name("FILE")
        ->group(group);
    app.add_option("--commit", options.commit,
                   "With overlay: write the changed content to this new file "
                   "at the end")
        ->type_name("FILE")
        ->group(group);
}

void addTls(CLI::App& app, ServeOptions& options)
{
    constexpr const char* group = "TLS";
    app.add_option("--tls", options.tls,
                   "off, on (a client may ask for it) or require")
        ->type_name("MODE")
        ->capture_default_str()
        ->group(group);
    app.add_option("--tls-psk", options.tlsPsk,
                   "File of users and keys, as psktool writes it; mode 0600")
        ->type_name("FILE")
        ->group(group);
    app.add_option("--tls-certificates", options.tlsCertificates,
                   "Directory with ca-cert.pem, server-cert.pem, "
                   "server-key.pem, and ca-crl.pem if there is one")
        ->type_name("DIR")
        ->group(group);
    app.add_flag("--tls-verify-peer", options.tlsVerifyPeer,
                 "Clients need a certificate of that authority, too")
        ->group(group);
    app.add_option("--tls-ciphers", options.tlsCiphers,
                   "Instead of the default choice; OpenSSL's names")
        ->type_name("LIST")
        ->group(group);
}

void addLimits(CLI::App& app, ServeOptions& options)
{
    constexpr const char* group = "Limits";
    app.add_option("--connections", options.connections,
                   "Clients at the same time; more are turned away")
        ->check(CLI::PositiveNumber)
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
    app.add_option("--negotiation-timeout", options.negotiationSeconds,
                   "Seconds that a client may take until transmission")
        ->check(CLI::Range(1U, 86400U))
        ->type_name("S")
        ->capture_default_str()
        ->group(group);
    app.add_option("--options", options.limits.options,
                   "Options that a client may send until transmission")
        ->check(CLI::PositiveNumber)
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
    app.add_option("--option-bytes", options.limits.keptBytes,
                   "Bytes of an option that are kept; longer ones are refused")
        ->check(CLI::Range(8192U, 256U << 10))
        ->type_name("BYTES")
        ->capture_default_str()
        ->group(group);
    app.add_option("--request-size", options.requestBytes,
                   "Bytes that one request may read or write")
        ->check(CLI::Range(1U << 16, 1U << 30))
        ->type_name("BYTES")
        ->capture_default_str()
        ->group(group);
    app.add_option("--requests", options.requests,
                   "Requests of one client that are in hand together, where "
                   "they wait for storage; each has a thread. 1: one after "
                   "the other")
        ->check(CLI::Range(1U, 1024U))
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
    app.add_option("--bytes-in-hand", options.bytesInHand,
                   "Bytes that these may hold together, payloads and replies; "
                   "beyond it a request waits for the others")
        ->check(CLI::Range(uint64_t{1} << 16, uint64_t{1} << 40))
        ->type_name("BYTES")
        ->capture_default_str()
        ->group(group);
}

void addLog(CLI::App& app, ServeOptions& options)
{
    constexpr const char* group = "Log and faults";
    app.add_flag("-v,--verbose", options.verbose,
                 "A line for each client's beginning and end")
        ->group(group);
    app.add_option("--log", options.log,
                   "What standard error gets: lines for people, or a JSON "
                   "object for each event")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str()
        ->group(group);
    app.add_option("--fault", options.faults,
                   "What goes wrong, such as 'delay 50ms every 10; cut at 100; "
                   "error EIO read 1%'")
        ->type_name("PLAN")
        ->group(group);
    app.add_option("--seed", options.seed, "Repeat the chances of --fault")
        ->type_name("N")
        ->capture_default_str()
        ->group(group);
}

} // namespace

void addServe(CLI::App& app, ServeOptions& options)
{
    addListening(app, options);
    addExport(app, options);
    addTls(app, options);
    addLimits(app, options);
    addLog(app, options);
    app.add_option("plugin", options.plugin,
                   "file, memory, pattern, null, overlay or forward");
    app.add_option("parameters", options.parameters,
                   "PATH of an image or block device; SIZE (64M, 1G); "
                   "another plugin and its parameters (overlay); URI, and "
                   "timeout=SECONDS for what a request may take (forward)");
}

} // namespace vmedia::nbd
