// SPDX-License-Identifier: Apache-2.0
#include "credentials.hpp"

#include "vmedia/tls/psk_file.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace vmedia::nbd
{

Result<std::optional<tls::Context>> tlsContext(const ServeOptions& options,
                                               tls::Mode mode)
{
    const bool credentials = !options.tlsPsk.empty() ||
                             !options.tlsCertificates.empty();
    if (mode == tls::Mode::off)
    {
        if (credentials)
        {
            return fail(Errc::usage,
                        "TLS credentials are given, but --tls is off",
                        "add --tls=require, or --tls=on");
        }
        return std::nullopt;
    }
    if (!credentials)
    {
        return fail(
            Errc::usage,
            fmt::format("--tls={} needs credentials", tls::toString(mode)),
            "give --tls-psk FILE or --tls-certificates DIR");
    }
    tls::ServerOptions with;
    with.mode = mode;
    with.pskFile = options.tlsPsk;
    with.certificates = options.tlsCertificates;
    with.verifyPeer = options.tlsVerifyPeer;
    with.ciphers = options.tlsCiphers;
    Result<tls::Context> context = tls::serverContext(with);
    if (!context)
    {
        return tl::unexpected(context.error());
    }
    return std::move(*context);
}

Result<UriAccess> tlsAccess(const ServeOptions& options)
{
    UriAccess access;
    access.tls = true;
    std::error_code ignored;
    if (!options.tlsPsk.empty())
    {
        const Result<tls::PskFile> keys = tls::PskFile::load(options.tlsPsk);
        if (!keys)
        {
            return tl::unexpected(keys.error());
        }
        access.user = keys->firstUser();
        access.tlsPskFile = std::filesystem::absolute(options.tlsPsk, ignored);
        return access;
    }
    access.tlsCertificates = std::filesystem::absolute(options.tlsCertificates,
                                                       ignored);
    return access;
}

} // namespace vmedia::nbd
