// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include "vmedia/process/search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace bench
{

using vmedia::Result;
using Arguments = std::vector<std::string>;

namespace
{

bool isTcp(const Place& place)
{
    return place.endpoint.transport == Transport::tcp;
}

void addNbdkitStyle(Arguments& arguments, const Place& place)
{
    if (const TlsKeys* tls = place.endpoint.tls)
    {
        arguments.insert(
            arguments.end(),
            {"--tls=require", "--tls-psk=" + tls->file().string()});
    }
    if (isTcp(place))
    {
        arguments.insert(
            arguments.end(),
            {"-i", "127.0.0.1", "-p", std::to_string(place.endpoint.port)});
    }
    else
    {
        arguments.insert(arguments.end(), {"-U", place.endpoint.path});
    }
    arguments.insert(arguments.end(), {"file", place.image});
}

Result<Arguments> vmediaNbd(const Place& place)
{
    Arguments arguments{"-f"};
    addNbdkitStyle(arguments, place);
    return arguments;
}

Result<Arguments> nbdkit(const Place& place)
{
    Arguments arguments{"-f"};
    addNbdkitStyle(arguments, place);
    return arguments;
}

Result<Arguments> qemuNbd(const Place& place)
{
    Arguments arguments{"-t", "-e", "64", "-f", "raw", "--cache=writeback"};
    if (isTcp(place))
    {
        arguments.insert(
            arguments.end(),
            {"-b", "127.0.0.1", "-p", std::to_string(place.endpoint.port)});
    }
    else
    {
        arguments.insert(arguments.end(), {"-k", place.endpoint.path});
    }
    if (const TlsKeys* tls = place.endpoint.tls)
    {
        arguments.insert(arguments.end(),
                         {"--object",
                          "tls-creds-psk,id=keys,endpoint=server,dir=" +
                              tls->directory().string(),
                          "--tls-creds=keys"});
    }
    arguments.push_back(place.image);
    return arguments;
}

/// It takes its export from a file only, and makes a daemon of itself.
Result<Arguments> nbdServer(const Place& place)
{
    const std::filesystem::path config = place.directory / "config";
    std::ofstream out(config);
    out << "[generic]\n";
    if (isTcp(place))
    {
        out << "listenaddr = 127.0.0.1\nport = " << place.endpoint.port << '\n';
    }
    else
    {
        out << "unixsock = " << place.endpoint.path << '\n';
    }
    out << "[disk]\nexportname = " << place.image.string() << '\n';
    out.close();
    if (!out)
    {
        return vmedia::failErrno(errno, config.string());
    }
    return Arguments{"-C", config, "-p", place.directory / "pid"};
}

Result<Arguments> bareSocket(const Place& place)
{
    Arguments arguments{"roofline", "--size", std::to_string(place.imageSize),
                        "--connections", std::to_string(place.connections)};
    if (isTcp(place))
    {
        arguments.insert(arguments.end(),
                         {"--port", std::to_string(place.endpoint.port)});
    }
    else
    {
        arguments.insert(arguments.end(), {"--unix", place.endpoint.path});
    }
    if (const TlsKeys* tls = place.endpoint.tls)
    {
        arguments.insert(arguments.end(), {"--tls-psk", tls->file()});
    }
    return arguments;
}

constexpr std::array peers = {
    Peer{.name = ours,
         .program = "vmedia-nbd",
         .package = "",
         .exportName = "",
         .arguments = vmediaNbd},
    Peer{.name = "nbdkit",
         .program = "nbdkit",
         .package = "nbdkit",
         .exportName = "",
         .arguments = nbdkit},
    Peer{.name = "nbdkit-aes",
         .program = "nbdkit",
         .package = "nbdkit",
         .exportName = "",
         .arguments = nbdkit,
         .psk = Psk::aesWanted},
    Peer{.name = "qemu-nbd",
         .program = "qemu-nbd",
         .package = "qemu-utils",
         .exportName = "",
         .arguments = qemuNbd},
    Peer{.name = "nbd-server",
         .program = "nbd-server",
         .package = "nbd-server",
         .exportName = "disk", // it refuses the default export
         .daemonises = true,
         .arguments = nbdServer,
         .versionOption = "-V",
         .psk = Psk::missing},
    Peer{.name = roofline,
         .program = "vmedia-bench",
         .package = "",
         .exportName = "",
         .stores = false,
         .arguments = bareSocket},
};

} // namespace

std::span<const Peer> allPeers()
{
    return peers;
}

const Peer* findPeer(std::string_view name)
{
    const auto* found = std::ranges::find(peers, name, &Peer::name);
    return found == peers.end() ? nullptr : &*found;
}

std::string unfitFor(const Peer& peer, const TlsKeys* tls)
{
    if (tls != nullptr && peer.psk == Psk::missing)
    {
        return fmt::format("{} has no TLS with a pre-shared key", peer.name);
    }
    if (tls == nullptr && peer.psk == Psk::aesWanted)
    {
        return fmt::format("{} differs from {} with --tls-psk only", peer.name,
                           peer.program);
    }
    return {};
}

std::vector<std::string> environmentOf(const Peer& peer, const TlsKeys* tls)
{
    return tls != nullptr && peer.psk == Psk::aesWanted
               ? std::vector{tls->aesPolicy()}
               : std::vector<std::string>{};
}

Result<std::string> programOf(std::string_view program,
                              std::string_view package)
{
    if (package.empty())
    {
        std::error_code unreadable;
        const auto beside = std::filesystem::read_symlink("/proc/self/exe",
                                                          unreadable)
                                .parent_path() /
                            program;
        if (std::filesystem::exists(beside, unreadable))
        {
            return beside.string();
        }
    }
    return vmedia::process::findProgram(program, package);
}

} // namespace bench
