// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"
#include "vmedia/tls/openssl.hpp"

#include <string>
#include <string_view>

namespace conformance::ws
{

/// A client's socket that never blocks, with TLS on it or without.
///
/// Owner: the destructor closes it.
class Link
{
  public:
    enum class Read : uint8_t
    {
        some,
        none,  ///< nothing has come
        ended, ///< FIN, or close_notify
        broken,
    };

    /// @p context: with TLS, whose handshake is part of the first reads.
    /// A client's if it calls the server by a @p name.
    Link(int socket, SSL_CTX* context, std::string_view name = {});
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link();

    /// By SNI, before anything is read.
    void announce(const std::string& name);

    int descriptor() const
    {
        return socket;
    }
    /// Appends what has come, at most 64 KiB.
    Read read(vmedia::nbd::Bytes& to);
    /// Takes off its front what could be sent. False: the client is gone.
    bool write(vmedia::nbd::Bytes& from);
    /// What is read already and not told by poll().
    bool holdsInput() const;
    /// TLS has something to send, whatever we have.
    bool wantsWrite() const
    {
        return wants;
    }
    /// close_notify, unless @p silent, and FIN.
    void endSending(bool silent);
    /// Closing will be a RST.
    void resetOnClose() const;

  private:
    int socket;
    bool wants = false;
    vmedia::tls::SslOwner ssl{};
};

} // namespace conformance::ws
