// SPDX-License-Identifier: Apache-2.0
#include "exchange.hpp"

#include "extensions.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>

namespace vmedia::httpd
{

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using websocket::Link;

namespace
{

constexpr uint32_t headerMax = 8192;

} // namespace

asio::awaitable<std::optional<Decision>>
    readRequest(Link& stream, beast::flat_buffer& buffer, RequestParser& parser)
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

namespace
{

using Fields = http::request_header<>;

/// Whether a list of tokens has @p token, in any of the fields of that name.
bool hasToken(const Fields& fields, http::field name, std::string_view token)
{
    const auto [first, last] = fields.equal_range(name);
    return std::any_of(first, last, [token](const auto& field) {
        return http::token_list{field.value()}.exists(token);
    });
}

/// The value of a field that stands there at most once; else nothing valid.
std::string_view single(const Fields& fields, http::field name)
{
    return fields.count(name) == 1 ? std::string_view(fields[name])
                                   : std::string_view();
}

} // namespace

RequestView viewOf(const RequestParser& parser)
{
    const auto& request = parser.get();
    RequestView view;
    view.method = request.method_string();
    view.target = request.target();
    view.host = single(request, http::field::host);
    view.hasOrigin = request.find(http::field::origin) != request.end();
    view.origin = request[http::field::origin];
    view.isUpgrade = hasToken(request, http::field::connection, "upgrade") &&
                     hasToken(request, http::field::upgrade, "websocket");
    view.key = single(request, http::field::sec_websocket_key);
    view.version = single(request, http::field::sec_websocket_version);
    const auto [first, last] =
        request.equal_range(http::field::sec_websocket_extensions);
    view.extensionsAreWell = std::all_of(first, last, [](const auto& field) {
        return isExtensionList(field.value());
    });
    view.isAtLeastHttp11 = request.version() >= 11;
    view.hasBody = parser.chunked() ||
                   parser.content_length_remaining().value_or(0) > 0;
    return view;
}

asio::awaitable<void> answer(Link& stream, const Decision& decision,
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
            // What a client of another version has to be told (4.4).
            response.set(http::field::sec_websocket_version, "13");
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
        co_await stream.shutdown();
    }
}

} // namespace vmedia::httpd
