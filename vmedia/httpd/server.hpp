// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "session.hpp"
#include "users.hpp"
#include "vmedia/error/error.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <optional>
#include <string>
#include <vector>

namespace vmedia::httpd
{

struct ServerOptions
{
    boost::asio::ip::tcp::endpoint listen;
    std::vector<std::string> slots; ///< names of nbd-proxy's configurations
    SessionOptions session;
};

/// Serves until SIGTERM or SIGINT, then ends each session in order.
/// Says where it listens on stderr once it does. Without @p tls it serves in
/// the clear, passwords and all: for a client on the same machine only.
/// Errors: the address cannot be listened on.
Result<void> runServer(const ServerOptions& options,
                       std::optional<boost::asio::ssl::context> tls,
                       Users users);

} // namespace vmedia::httpd
