// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"
#include "vmedia/nbd/pack.hpp"
#include "vmedia/tls/certificates.hpp"
#include "vmedia/tls/openssl.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace conformance
{

/// A client's half of TLS as a case wants it: right, wrong or from long ago.
struct TlsWish
{
    std::string identity{};    ///< of a pre-shared key; any bytes
    std::string key{};         ///< its bytes; empty: no pre-shared key
    std::string certificate{}; ///< PEM; empty: none is shown
    std::string privateKey{};  ///< PEM
    /// From somebody's directory, instead of these two.
    std::shared_ptr<const vmedia::tls::Certificates> files{};
    /// That the server's certificate has to have, signed by an authority of
    /// `files`, or without them of `authorities` (PEM), or without these of the
    /// system; empty: its certificate is not looked at.
    std::string serverName{};
    std::string authorities{};
    std::string announced{}; ///< SNI, whatever the certificate has; empty: none
    std::string alpn{};      ///< the one protocol that is offered
    int lowest = TLS1_2_VERSION;
    int highest = TLS1_3_VERSION;
    std::string ciphers{};    ///< of TLS 1.2 and before; empty: the usual ones
    bool serves = false;      ///< we are the server, and show `certificate`
    bool anyStrength = false; ///< also what OpenSSL's security level forbids

    TlsWish only(int version) const
    {
        TlsWish wish = *this;
        wish.lowest = wish.highest = version;
        return wish;
    }
};

/// TLS between two buffers: no socket, so that a case may hold back, change
/// or cut what goes over the wire. The server's certificate is looked at only
/// where a URI wants that: it is a client's business, and here a server is
/// tested.
///
/// Shape:  what the peer sent goes into incoming(), what is to be sent comes
///         out of outgoing().
/// Errors: make() if the wish is none that OpenSSL can fulfil.
class TlsClient
{
  public:
    static vmedia::Result<TlsClient> make(const TlsWish& wish);

    /// What to do next to get on.
    enum class State : uint8_t
    {
        done,
        wantsMore, ///< bytes of the peer
        ended,     ///< the peer said close_notify, or an alert
        garbled,   ///< what came is no TLS, or not by our keys
    };
    State shakeHands();
    /// Gets at most what is left of @p into, and moves it on.
    State read(std::span<std::byte>& into);
    /// One record for each 16 KiB, or for what is less.
    State write(vmedia::nbd::ByteView bytes);
    void updateKeys();
    void closeNotify();

    void incoming(vmedia::nbd::ByteView bytes);
    vmedia::nbd::Bytes outgoing();

    /// What came of the last call: "the alert 'bad record mac'"
    const std::string& how() const
    {
        return reason;
    }
    std::string version() const;
    std::string cipher() const;
    /// The protocol that ALPN has agreed on; "" if none.
    std::string protocol() const;
    /// What the client called us (SNI); "" if it did not.
    std::string calledName() const;
    /// What an eavesdropper saw first: -1 if nothing has come yet.
    int firstByte() const
    {
        return first;
    }

  private:
    TlsClient(std::shared_ptr<TlsWish> wish, vmedia::tls::ContextOwner with,
              vmedia::tls::SslOwner made) :
        own(std::move(wish)), context(std::move(with)), ssl(std::move(made))
    {}
    State stateOf(int result);

    std::shared_ptr<TlsWish> own; ///< OpenSSL's callbacks look into it
    vmedia::tls::ContextOwner context;
    vmedia::tls::SslOwner ssl;
    std::string reason{};
    int first = -1;
};

} // namespace conformance
