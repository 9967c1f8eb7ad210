// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/tls/session.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

struct iovec;

namespace bench
{

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

/// One end of a connection, blocking and without a buffer; it speaks TLS once
/// that was asked for.
///
/// Errors: a peer that says nothing for as long as the socket's own timeouts
///         allow is Errc::timeout.
class Channel
{
  public:
    explicit Channel(Descriptor connected) : socket(std::move(connected)) {}

    vmedia::Result<void> connectTls(const vmedia::tls::Context& context);
    vmedia::Result<void> acceptTls(const vmedia::tls::Context& context);

    int descriptor() const
    {
        return socket.get();
    }

    /// Waits for the first byte, and gives what one receive brought. With TLS
    /// more may be left: see hasBuffered().
    vmedia::Result<size_t> receive(std::span<std::byte> into);
    vmedia::Result<void> receiveAll(std::span<std::byte> into);

    /// Sends all of @p parts, of which there are at most 1024; they are used
    /// up.
    vmedia::Result<void> send(std::span<iovec> parts);
    vmedia::Result<void> send(std::span<const std::byte> bytes);

    /// True if there is more to receive() of which an epoll knows nothing.
    bool hasBuffered() const
    {
        return session && session->hasBuffered();
    }

    /// "TLS_AES_128_GCM_SHA256"; empty without TLS.
    std::string cipher() const
    {
        return session ? session->cipher() : "";
    }

  private:
    vmedia::Result<void> take(vmedia::Result<vmedia::tls::Session> made);

    Descriptor socket;
    std::optional<vmedia::tls::Session> session{};
    std::vector<std::span<const std::byte>> pieces{}; ///< by send()
};

} // namespace bench
