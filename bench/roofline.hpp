// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "connection.hpp"

namespace bench
{

struct RooflineOptions
{
    std::string unixSocket;
    uint16_t port = 0;
    uint64_t size = 0;
    uint32_t connections = 1;
    std::string pskFile{}; ///< not empty: TLS is required
};

/// NBD-shaped traffic without storage: what the sockets of this machine could
/// carry, whoever serves.
///
/// Shape:   answers reads with the same bytes over and over and drops what is
///          written. All requests of one receive are answered in one send,
///          nothing is copied but by the kernel. For --connections=1 every
///          call blocks; for more, an epoll tells who has something.
/// Threads: one. Ends with the signal that stops it.
/// Errors:  the socket. A client that breaks the protocol is dropped.
vmedia::Result<void> runRoofline(const RooflineOptions& options);

} // namespace bench
