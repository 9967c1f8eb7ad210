// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "connection.hpp"
#include "image.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bench
{

/// What a server is told when it starts.
struct Place
{
    std::filesystem::path directory; ///< for whatever files it needs
    std::filesystem::path image;
    uint64_t imageSize = 0;
    Endpoint endpoint{};
    uint32_t connections = 1;
};

/// What a peer can do with a pre-shared key.
enum class Psk : uint8_t
{
    spoken,
    missing,   ///< it has no use for keys: left out under TLS
    aesWanted, ///< it is a peer under TLS only: GnuTLS without ChaCha20
};

/// A server that can be measured.
struct Peer
{
    std::string_view name;
    std::string_view program;
    std::string_view package; ///< empty: ours, beside vmedia-bench
    std::string_view exportName;
    bool stores = true;      ///< false for the roofline: its bytes mean nothing
    bool daemonises = false; ///< leaves its process id in DIRECTORY/pid
    /// The arguments after the program's path. Errors: a file not written.
    vmedia::Result<std::vector<std::string>> (*arguments)(const Place&);
    std::string_view versionOption = "--version";
    Psk psk = Psk::spoken;
};

inline constexpr std::string_view ours = "vmedia-nbd";
inline constexpr std::string_view roofline = "roofline";

/// In the order of the table: ours first, the roofline last.
std::span<const Peer> allPeers();

const Peer* findPeer(std::string_view name);

/// Why @p peer cannot be measured with TLS, or without it; empty if it can.
std::string unfitFor(const Peer& peer, const TlsKeys* tls);

/// What the server's process finds in its environment beyond ours, and so
/// does the process of a packaged client.
std::vector<std::string> environmentOf(const Peer& peer, const TlsKeys* tls);

/// A program's path: without a @p package it is ours, beside vmedia-bench.
/// Errors: names the package to install.
vmedia::Result<std::string> programOf(std::string_view program,
                                      std::string_view package);

} // namespace bench
