// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace vmedia::nbd
{

/// Where a server listens: a unix socket if the path is set, else TCP.
struct Endpoint
{
    std::string unixSocket{};
    std::string address = "127.0.0.1"; ///< a literal, IPv4 or IPv6
    uint16_t port = 10809;             ///< 0: the system chooses
    /// A socket that listens already, or -1. The rest says what it is.
    int passed = -1;
};

/// What a client has to know to get at an export.
struct UriAccess
{
    std::string exportName{};
    bool tls = false;
    std::string user{};            ///< of a PSK file
    std::string tlsPskFile{};      ///< the query's parameters, where set
    std::string tlsCertificates{}; ///< likewise
};

/// An NBD URI that libnbd's and qemu's tools take as it is:
/// "nbds://alice@[::1]:10809/a%20b?tls-psk-file=/etc/keys.psk",
/// "nbd+unix:///?socket=/run/nbd.sock".
///
/// Source: doc/uri.md of the NBD project; nbd_connect_uri(3).
std::string toUri(const Endpoint& endpoint, const UriAccess& access);

} // namespace vmedia::nbd
