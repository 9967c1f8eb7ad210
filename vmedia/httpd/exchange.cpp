// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace vmedia::httpd
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using websocket::TlsStream;

namespace
{

constexpr uint32_t headerMax = 8192;

} // namespace

asio::awaitable<std::optional<Decision>> readRequest(TlsStream& stream,
                                                     beast::flat_buffer& buffer,
                                                     RequestParser& parser)
{
    parser.header_limit(headerMax);
    auto [error, size] = co_await http::async_read_header(
        stream, buffer, parser, asio::as_tuple(asio::use_awaitable));
    if (!error)
    {
        co_return Decision{200};
    }
    if (error == http::error::header_limit ||
        error == http::error::buffer_overflow)
    {
        co_return Decision{431, "the request's header is longer than 8 KiB; "
                                "send less, such as fewer cookies"};
    }
    const boost::system::error_code sample = http::error::bad_method;
    if (error.category() == sample.category() &&
        error != http::error::end_of_stream &&
        error != http::error::partial_message)
    {
        co_return Decision{400,
                           fmt::format("this is not HTTP: {}; send HTTP/1.1",
                                       error.message())};
    }
    co_return std::nullopt;
}

RequestView viewOf(const RequestParser& parser)
{
    const auto& request = parser.get();
    RequestView view;
    view.method = request.method_string();
    view.target = request.target();
    view.host = request[http::field::host];
    view.hasOrigin = request.find(http::field::origin) != request.end();
    view.origin = request[http::field::origin];
    view.isUpgrade =
        http::token_list{request[http::field::connection]}.exists("upgrade") &&
        http::token_list{request[http::field::upgrade]}.exists("websocket");
    view.key = request[http::field::sec_websocket_key];
    view.version = request[http::field::sec_websocket_version];
    view.isAtLeastHttp11 = request.version() >= 11;
    view.hasBody = parser.chunked() ||
                   parser.content_length_remaining().value_or(0) > 0;
    return view;
}

asio::awaitable<void> answer(TlsStream& stream, const Decision& decision,
                             bool isHead)
{
    http::response<http::string_body> response(
        static_cast<http::status>(decision.status), 11);
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.set(http::field::cache_control, "no-store");
    response.keep_alive(false);
    switch (decision.status)
    {
        case 401:
            response.set(http::field::www_authenticate,
                         "Basic realm=\"vmedia\", charset=\"UTF-8\"");
            break;
        case 405:
            response.set(http::field::allow, "GET");
            break;
        case 426:
            response.set(http::field::upgrade, "websocket");
            response.set(http::field::connection, "upgrade, close");
            break;
        case 503:
            response.set(http::field::retry_after, "1");
            break;
        default:
            break;
    }
    response.body() = decision.text;
    if (!response.body().ends_with('\n'))
    {
        response.body() += '\n';
    }
    response.prepare_payload();
    if (isHead)
    {
        response.body().clear(); // its length stays
    }
    auto [error, size] = co_await http::async_write(
        stream, response, asio::as_tuple(asio::use_awaitable));
    if (!error)
    {
        co_await stream.async_shutdown(asio::as_tuple(asio::use_awaitable));
    }
}

} // namespace vmedia::httpd
