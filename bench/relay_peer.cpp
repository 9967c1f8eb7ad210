// SPDX-License-Identifier: Apache-2.0
#include "relay_peer.hpp"

#include "peer.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>

namespace bench
{

using vmedia::Result;
using Arguments = std::vector<std::string>;

namespace
{

std::string addressOf(const RelayPlace& place)
{
    return fmt::format("127.0.0.1:{}", place.port);
}

Result<Arguments> vmediaHttpd(const RelayPlace& place)
{
    const std::filesystem::path config = place.directory / "config.json";
    std::ofstream out(config);
    out << R"({"configurations": {"0": {"nbd-device": "/dev/nbd0"}}})";
    out.close();
    if (!out)
    {
        return vmedia::failErrno(errno, config.string());
    }
    Arguments arguments{
        "--listen",         addressOf(place),  "--users",
        place.keys.users(), "--proxy-config",  config,
        "--nbd-proxy",      place.self,        "--nbd-proxy-arg",
        "hand-over",        "--nbd-proxy-arg", place.unixSocket};
    if (place.tls)
    {
        arguments.insert(arguments.end(),
                         {"--certificate", place.keys.certificate(), "--key",
                          place.keys.key()});
    }
    else
    {
        arguments.emplace_back("--plain");
    }
    return arguments;
}

Result<Arguments> websockify(const RelayPlace& place)
{
    Arguments arguments{addressOf(place),
                        "--unix-target=" + place.unixSocket.string()};
    if (place.tls)
    {
        arguments.insert(arguments.begin(),
                         {"--ssl-only",
                          "--cert=" + place.keys.certificate().string(),
                          "--key=" + place.keys.key().string()});
    }
    return arguments;
}

/// It talks to a program, over two pipes.
Result<Arguments> websocketd(const RelayPlace& place)
{
    Arguments arguments{"--binary", "--address=127.0.0.1",
                        fmt::format("--port={}", place.port)};
    if (place.tls)
    {
        arguments.insert(arguments.end(),
                         {"--ssl",
                          "--sslcert=" + place.keys.certificate().string(),
                          "--sslkey=" + place.keys.key().string()});
    }
    arguments.insert(arguments.end(),
                     {place.self, "hand-over", place.unixSocket});
    return arguments;
}

Result<Arguments> bareSockets(const RelayPlace& place)
{
    Arguments arguments{"bare-relay", "--port", std::to_string(place.port),
                        "--unix", place.unixSocket};
    if (place.tls)
    {
        arguments.insert(arguments.end(),
                         {"--tls-certificates", place.keys.directory()});
    }
    return arguments;
}

constexpr std::array peers = {
    RelayPeer{.name = ourRelay,
              .program = "vmedia-httpd",
              .package = "",
              .arguments = vmediaHttpd,
              .target = "/nbd/0",
              .handsOver = true},
    RelayPeer{.name = "websockify",
              .program = "websockify",
              .package = "websockify",
              .arguments = websockify},
    RelayPeer{.name = "websocketd",
              .program = "websocketd",
              .package = "websocketd",
              .arguments = websocketd,
              .handsOver = true},
    RelayPeer{.name = roofline,
              .program = "vmedia-bench",
              .package = "",
              .arguments = bareSockets,
              .serves = false},
};

} // namespace

std::span<const RelayPeer> allRelayPeers()
{
    return peers;
}

} // namespace bench
