// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixtures/temp_dir.hpp"
#include "vmedia/tls/context.hpp"

#include <filesystem>
#include <string>

namespace bench
{

/// A pre-shared key, made for one report and gone with it.
///
/// Owner: removes its directory, which only we can read.
class TlsKeys
{
  public:
    static constexpr auto user = "alice";
    static constexpr auto keysName = "keys.psk"; ///< QEMU wants this one

    static vmedia::Result<TlsKeys> make();

    const std::filesystem::path& directory() const
    {
        return place.path();
    }
    /// One user, in psktool's format.
    std::filesystem::path file() const
    {
        return directory() / keysName;
    }
    /// "NAME=value": GnuTLS without ChaCha20, as an administrator's policy.
    std::string aesPolicy() const;

    const vmedia::tls::Context& client() const
    {
        return context;
    }

  private:
    TlsKeys(fixtures::TempDir directory, vmedia::tls::Context made) :
        place(std::move(directory)), context(std::move(made))
    {}

    fixtures::TempDir place;
    vmedia::tls::Context context;
};

} // namespace bench
