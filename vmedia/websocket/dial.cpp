// SPDX-License-Identifier: Apache-2.0
#include "dial.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace vmedia::websocket
{
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Tcp = asio::ip::tcp;

namespace
{

constexpr auto tuple = asio::as_tuple(asio::use_awaitable);

std::string basicAuthorization(const Credentials& credentials)
{
    const std::string plain = credentials.user + ":" + credentials.password;
    std::string encoded(4 * ((plain.size() + 2) / 3), '\0');
    const int size = EVP_EncodeBlock(
        // NOLINTNEXTLINE: OpenSSL's idea of a byte
        reinterpret_cast<unsigned char*>(encoded.data()),
        // NOLINTNEXTLINE
        reinterpret_cast<const unsigned char*>(plain.data()),
        static_cast<int>(plain.size()));
    encoded.resize(static_cast<size_t>(size));
    return "Basic " + encoded;
}

/// What a refusal says, for people: "409 Conflict: slot 0 is in use".
Error declined(const beast::websocket::response_type& response)
{
    std::string line = response.body().substr(
        0, std::min<size_t>(response.body().find_first_of("\r\n"), 200));
    const unsigned status = response.result_int();
    std::string hint;
    if (status == 401)
    {
        hint = "check --user and --password-file";
    }
    else if (status == 404)
    {
        hint = "check the path, such as /nbd/0";
    }
    else if (status >= 300 && status < 400)
    {
        hint = fmt::format("redirected to {}",
                           std::string(response[http::field::location]));
    }
    return {Errc::refused,
            fmt::format("the server refused: {} {}{}{}", status,
                        std::string(response.reason()),
                        line.empty() ? "" : ": ", line),
            {},
            hint};
}

/// What a server has selected although we offer none of it (RFC 6455, 4.1,
/// "the client MUST _Fail the WebSocket Connection_"); "" if all is well.
std::string notOffered(const beast::websocket::response_type& response)
{
    for (const http::field field : {http::field::sec_websocket_extensions,
                                    http::field::sec_websocket_protocol})
    {
        if (response.count(field) != 0)
        {
            return fmt::format("{}: {}", std::string(to_string(field)),
                               std::string(response[field]));
        }
    }
    return {};
}

Error tlsError(const boost::system::error_code& error, const Url& url)
{
    const bool certificate =
        error.category() == asio::error::get_ssl_category() &&
        ERR_GET_REASON(static_cast<unsigned long>(error.value())) ==
            SSL_R_CERTIFICATE_VERIFY_FAILED;
    return {Errc::io,
            fmt::format("TLS with {}: {}", url.authority(), error.message()),
            {},
            certificate ? "give the server's authority with --ca-file, or "
                          "--insecure if the network is trusted"
                        : "check that the port speaks TLS (wss://)"};
}

} // namespace

Result<asio::ssl::context> clientTls(const DialOptions& options)
{
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    boost::system::error_code error;
    if (!options.verify)
    {
        context.set_verify_mode(asio::ssl::verify_none, error);
        return context;
    }
    context.set_verify_mode(asio::ssl::verify_peer, error);
    if (options.caFile.empty())
    {
        context.set_default_verify_paths(error);
    }
    else
    {
        context.load_verify_file(options.caFile, error);
    }
    if (error)
    {
        return fail(Errc::usage,
                    fmt::format("{}: {}", options.caFile, error.message()),
                    "give --ca-file a PEM file with certificates");
    }
    return context;
}

Connection::Connection(asio::any_io_executor on, asio::ssl::context context) :
    executor(std::move(on)), tlsContext(std::move(context))
{}

Connection::~Connection() = default;

asio::awaitable<Result<void>> Connection::dial(const Url& url,
                                               const DialOptions& options)
{
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(executor, options.deadline);
    auto first = co_await (connect(url, options) || timer.async_wait(tuple));
    if (first.index() == 1)
    {
        co_return fail(Errc::timeout,
                       fmt::format("{} did not answer within {} s",
                                   url.authority(), options.deadline.count()),
                       "check the address, or give --timeout");
    }
    co_return std::get<0>(std::move(first));
}

asio::awaitable<Result<void>> Connection::connect(const Url& url,
                                                  const DialOptions& options)
{
    Tcp::resolver resolver(executor);
    const auto [resolveError, addresses] = co_await resolver.async_resolve(
        url.host, std::to_string(url.port), tuple);
    if (resolveError)
    {
        co_return fail(
            Errc::io,
            fmt::format("host {}: {}", url.host, resolveError.message()),
            "check the name in the URL");
    }
    Tcp::socket socket(executor);
    const auto [connectError, endpoint] =
        co_await asio::async_connect(socket, addresses, tuple);
    if (connectError)
    {
        co_return fail(Errc::io,
                       fmt::format("{} port {}: {}", url.host, url.port,
                                   connectError.message()),
                       "check that the server runs and listens there");
    }
    boost::system::error_code ignored;
    socket.set_option(Tcp::no_delay(true), ignored);
    if (!url.secure)
    {
        plain.emplace(std::move(socket));
        co_return co_await upgrade(*plain, url, options);
    }
    tls.emplace(std::move(socket), tlsContext);
    if (options.verify)
    {
        tls->next_layer().next_layer().set_verify_callback(
            asio::ssl::host_name_verification(url.host), ignored);
    }
    boost::system::error_code literal;
    asio::ip::make_address(url.host, literal);
    if (literal) // SNI carries names, not addresses (RFC 6066, section 3)
    {
        SSL_set_tlsext_host_name(tls->next_layer().next_layer().native_handle(),
                                 url.host.c_str());
    }
    const auto [tlsFailure] =
        co_await tls->next_layer().next_layer().async_handshake(
            asio::ssl::stream_base::client, tuple);
    if (tlsFailure)
    {
        co_return tl::unexpected(tlsError(tlsFailure, url));
    }
    co_return co_await upgrade(*tls, url, options);
}

template <typename Socket>
asio::awaitable<Result<void>> Connection::upgrade(Socket& socket,
                                                  const Url& url,
                                                  const DialOptions& options)
{
    socket.set_option(beast::websocket::stream_base::timeout{
        options.deadline, beast::websocket::stream_base::none(), false});
    socket.set_option(beast::websocket::stream_base::decorator(
        [&options](beast::websocket::request_type& request) {
        if (options.credentials)
        {
            request.set(http::field::authorization,
                        basicAuthorization(*options.credentials));
        }
    }));
    beast::websocket::response_type response;
    const auto [error] = co_await socket.async_handshake(
        response, url.authority(), url.target, tuple);
    if (error == beast::websocket::error::upgrade_declined)
    {
        co_return tl::unexpected(declined(response));
    }
    if (error)
    {
        co_return fail(Errc::protocol,
                       fmt::format("{} is not a WebSocket: {}", url.text(),
                                   error.message()),
                       "check the URL");
    }
    if (const std::string extra = notOffered(response); !extra.empty())
    {
        co_return fail(Errc::protocol,
                       fmt::format("{} answers with {}, which was not asked "
                                   "for",
                                   url.text(), extra),
                       "check the server");
    }
    socket.set_option(beast::websocket::stream_base::timeout{
        closeGrace, std::chrono::seconds(60), true});
    if constexpr (std::is_same_v<Socket, PlainSocket>)
    {
        plainStream.emplace(socket);
    }
    else
    {
        tlsStream.emplace(socket);
    }
    co_return Result<void>{};
}

nbd::Stream& Connection::stream()
{
    assert(plainStream || tlsStream);
    return plainStream ? static_cast<nbd::Stream&>(*plainStream) : *tlsStream;
}

std::optional<Closed> Connection::closed() const
{
    return plainStream ? plainStream->closed()
           : tlsStream ? tlsStream->closed()
                       : std::nullopt;
}

void Connection::drop()
{
    boost::system::error_code ignored;
    if (plain)
    {
        beast::get_lowest_layer(*plain).close(ignored);
    }
    else if (tls)
    {
        beast::get_lowest_layer(*tls).close(ignored);
    }
}

asio::awaitable<void> Connection::close(beast::websocket::close_reason reason)
{
    // Dropping the connection is what ends a close that the peer does not
    // answer: Beast does not let go of one that is merely cancelled.
    asio::steady_timer timer(executor, closeGrace);
    timer.async_wait([this](boost::system::error_code error) {
        if (!error)
        {
            drop();
        }
    });
    if (plainStream)
    {
        co_await plain->async_close(reason, tuple);
    }
    else if (tlsStream)
    {
        co_await tls->async_close(reason, tuple);
    }
}

} // namespace vmedia::websocket
