// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixtures/temp_dir.hpp"
#include "vmedia/tls/context.hpp"

#include <filesystem>
#include <string>

namespace bench
{

/// What a relay needs to know its clients, and they it: a certificate of an
/// authority of our own, and a user. Made for one report and gone with it.
///
/// Shape: ca-cert.pem, server-cert.pem and server-key.pem, as nbdkit and QEMU
///        name them, and `users` for vmedia-httpd.
/// Owner: removes its directory, which only we can read.
class RelayKeys
{
  public:
    static vmedia::Result<RelayKeys> make();

    const std::filesystem::path& directory() const
    {
        return place.path();
    }
    std::filesystem::path certificate() const
    {
        return directory() / "server-cert.pem";
    }
    std::filesystem::path key() const
    {
        return directory() / "server-key.pem";
    }
    std::filesystem::path users() const
    {
        return directory() / "users";
    }
    /// The user, as the value of an Authorization field.
    static constexpr auto authorization = "Basic YWRtaW46c2VjcmV0";

    const vmedia::tls::Context& client() const
    {
        return context;
    }

  private:
    RelayKeys(fixtures::TempDir directory, vmedia::tls::Context made) :
        place(std::move(directory)), context(std::move(made))
    {}

    fixtures::TempDir place;
    vmedia::tls::Context context;
};

} // namespace bench
