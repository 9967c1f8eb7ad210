// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/transport/tls_client.hpp"
#include "fixtures/temp_dir.hpp"

#include <map>
#include <memory>
#include <string>

namespace conformance
{

/// The credentials of one run, made anew for it: what the target is started
/// with, and what our clients come with.
///
/// Shape:  a directory with keys.psk (alice and bob), ca-cert.pem,
///         ca-crl.pem, server-cert.pem and server-key.pem: the names of
///         psktool, nbdkit and qemu.
/// Owner:  the directory goes with it.
class Keys
{
  public:
    static vmedia::Result<std::shared_ptr<const Keys>> make();
    /// The same for a target with credentials of its own (Needs::ownKeys is
    /// not offered): @p right takes the place of alice's or of the client's.
    static vmedia::Result<std::shared_ptr<const Keys>>
        makeAround(const TlsWish& right);

    /// {pki}, {psk}: for a line that starts a target.
    std::map<std::string, std::string> placeholders() const;

    // Pre-shared keys
    TlsWish alice{};
    TlsWish bob{};
    // Certificates; the authority is the target's but for `foreign`.
    TlsWish client{};
    TlsWish foreign{};
    TlsWish revoked{};
    TlsWish expired{};
    TlsWish ofServer{}; ///< issued for serverAuth, not for clientAuth
    TlsWish server{};   ///< the other half: for `localhost`

  private:
    Keys();
    static vmedia::Result<std::shared_ptr<Keys>> makeNew();
    fixtures::TempDir directory;
};

} // namespace conformance
