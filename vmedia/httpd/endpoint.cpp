// SPDX-License-Identifier: Apache-2.0
#include "endpoint.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace vmedia::httpd
{

namespace asio = boost::asio;
using asio::ip::tcp;

Result<tcp::endpoint> parseEndpoint(const std::string& text)
{
    const size_t colon = text.rfind(':');
    std::string host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
    {
        host = host.substr(1, host.size() - 2);
    }
    uint16_t port = 0;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    const char* const end = text.data() + text.size();
    bool isPort = false;
    if (colon != std::string::npos)
    {
        const auto read = std::from_chars(text.data() + colon + 1, end, port);
        isPort = read.ec == std::errc{} && read.ptr == end;
    }
    if (error || !isPort)
    {
        return fail(Errc::usage,
                    fmt::format("--listen {} is not ADDRESS:PORT", text),
                    "such as 127.0.0.1:8443 or [::]:443");
    }
    return tcp::endpoint(address, port);
}

} // namespace vmedia::httpd
