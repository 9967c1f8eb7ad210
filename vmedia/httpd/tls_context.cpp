// SPDX-License-Identifier: Apache-2.0
#include "tls_context.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <boost/asio/error.hpp>

#include <cerrno>
#include <fstream>

namespace vmedia::httpd
{

namespace ssl = boost::asio::ssl;

namespace
{

Result<void> readable(const char* what, const std::string& file)
{
    errno = 0;
    if (!std::ifstream(file))
    {
        return failErrno(errno, fmt::format("{} {}", what, file));
    }
    return {};
}

} // namespace

Result<ssl::context> tlsContext(const std::string& certificate,
                                const std::string& key)
{
    for (const auto& [what, file] :
         {std::pair{"certificate", certificate}, std::pair{"key", key}})
    {
        if (Result<void> could = readable(what, file); !could)
        {
            return tl::unexpected(could.error());
        }
    }
    ssl::context context(ssl::context::tls_server);
    ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    // A client could make us calculate for ever.
    context.set_options(SSL_OP_NO_RENEGOTIATION);
    boost::system::error_code error;
    context.use_certificate_chain_file(certificate, error);
    if (error)
    {
        return fail(
            Errc::usage,
            fmt::format("certificate {}: {}", certificate, error.message()),
            "wanted a PEM file, the server's certificate first");
    }
    context.use_private_key_file(key, ssl::context::pem, error);
    if (!error && ::SSL_CTX_check_private_key(context.native_handle()) != 1)
    {
        error = boost::asio::error::invalid_argument;
    }
    if (error)
    {
        return fail(Errc::usage,
                    fmt::format("key {} is not the one of certificate {}: {}",
                                key, certificate, error.message()),
                    "wanted a PEM file with the key that the certificate is "
                    "for");
    }
    return context;
}

} // namespace vmedia::httpd
