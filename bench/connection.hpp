// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

struct iovec;

namespace bench
{

/// What carries the bytes. TLS over either will be two more.
enum class Transport : uint8_t
{
    unixSocket,
    tcp,
};

std::string_view nameOf(Transport transport);

/// Where a server listens: on the loopback address if it is TCP.
struct Endpoint
{
    Transport transport = Transport::unixSocket;
    std::string path{};
    uint16_t port = 0;
    std::string exportName{};

    std::string uri() const;
};

/// A descriptor that is closed when it goes.
class Descriptor
{
  public:
    explicit Descriptor(int number = -1) : value(number) {}
    Descriptor(Descriptor&& other) noexcept :
        value(std::exchange(other.value, -1))
    {}
    Descriptor& operator=(Descriptor&& other) noexcept
    {
        std::swap(value, other.value);
        return *this;
    }
    ~Descriptor();

    int get() const
    {
        return value;
    }

  private:
    int value;
};

/// Sends all of @p parts, of which there are at most 1024; they are used up.
vmedia::Result<void> sendAll(int socket, std::span<iovec> parts);

/// A client's side of one NBD connection, blocking and without a buffer.
///
/// Errors: a server that says nothing for 10 s is a timeout, not a hang.
/// Source: proto.md, "Fixed newstyle negotiation": GO and nothing else, so
///         that every server answers with simple replies.
class Connection
{
  public:
    /// Connects; nothing is read yet. Errc::io while nobody listens.
    static vmedia::Result<Connection> open(const Endpoint& endpoint);

    /// The greeting, which the server sends of itself.
    vmedia::Result<void> readGreeting();

    /// Flags and NBD_OPT_GO; gives the size of the export.
    vmedia::Result<uint64_t> go(std::string_view exportName);

    int descriptor() const
    {
        return socket.get();
    }
    vmedia::Result<size_t> receive(std::span<std::byte> into) const;
    vmedia::Result<void> receiveAll(std::span<std::byte> into) const;

    vmedia::Result<void> send(std::span<iovec> parts) const;
    vmedia::Result<void> send(std::span<const std::byte> bytes) const;

  private:
    explicit Connection(Descriptor descriptor) : socket(std::move(descriptor))
    {}

    Descriptor socket;
    uint16_t handshakeFlags = 0;
};

/// A socket of @p endpoint's kind with large buffers, unconnected.
vmedia::Result<Descriptor> makeSocket(const Endpoint& endpoint);

/// Calls @p use with the address of @p endpoint.
int withAddress(const Endpoint& endpoint, int descriptor,
                int (*use)(int, const sockaddr*, socklen_t));

} // namespace bench
