// SPDX-License-Identifier: Apache-2.0
#include "relay_keys.hpp"

#include "fixtures/authority.hpp"

#include <crypt.h>
#include <fmt/format.h>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

namespace
{

constexpr auto password = "secret"; // of "admin": see authorization

} // namespace

Result<RelayKeys> RelayKeys::make()
{
    fixtures::TempDir place;
    fixtures::Authority authority("vmedia-bench");
    const fixtures::Issued issued = authority.issue({.name = "localhost"});
    const std::filesystem::path& directory = place.path();
    fixtures::writePrivate(directory / "ca-cert.pem", authority.certificate());
    fixtures::writePrivate(directory / "server-cert.pem", issued.certificate);
    fixtures::writePrivate(directory / "server-key.pem", issued.key);
    crypt_data data{};
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    if (::crypt_gensalt_rn("$6$", 0, nullptr, 0, setting, sizeof(setting)) ==
            nullptr ||
        ::crypt_r(password, setting, &data) == nullptr)
    {
        return fail(Errc::io, "crypt(3) makes no SHA-512 hash");
    }
    fixtures::writePrivate(directory / "users",
                           fmt::format("admin:{}\n", data.output));
    Result<vmedia::tls::Context> context = vmedia::tls::clientContext(
        {.certificates = directory, .serverName = "localhost"});
    if (!context)
    {
        return tl::unexpected(context.error());
    }
    return RelayKeys(std::move(place), std::move(*context));
}

} // namespace bench
