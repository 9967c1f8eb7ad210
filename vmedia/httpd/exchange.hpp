// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "routes.hpp"
#include "vmedia/websocket/relay.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstddef>
#include <optional>

namespace vmedia::httpd
{

// One HTTP request and its answer: knows neither users nor slots.

using RequestParser =
    boost::beast::http::request_parser<boost::beast::http::empty_body>;

inline constexpr size_t bufferMax = 16384; // a header, and what came behind it

/// 200 once @p parser holds a request; the refusal of what is none, or is too
/// long; nothing if the client left. @p buffer holds what came behind it.
boost::asio::awaitable<std::optional<Decision>>
    readRequest(websocket::Link& stream, boost::beast::flat_buffer& buffer,
                RequestParser& parser);

/// Borrows from @p parser.
RequestView viewOf(const RequestParser& parser);

/// Answers with @p decision, which is not 101, and closes TLS. Give it a named
/// Decision: g++ 12 destroys a braced temporary in a co_await expression
/// twice.
boost::asio::awaitable<void> answer(websocket::Link& stream,
                                    const Decision& decision, bool isHead);

} // namespace vmedia::httpd
