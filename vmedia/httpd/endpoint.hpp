// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>

namespace vmedia::httpd
{

/// "127.0.0.1:8443" or "[::]:8443"; port 0 lets the system choose.
Result<boost::asio::ip::tcp::endpoint> parseEndpoint(const std::string& text);

} // namespace vmedia::httpd
