// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/ssl/context.hpp>

#include <string>

namespace vmedia::httpd
{

/// A server's context: TLS 1.2 or later, one certificate chain and its key.
/// Errors: name the file and what is wrong with it.
Result<boost::asio::ssl::context> tlsContext(const std::string& certificate,
                                             const std::string& key);

} // namespace vmedia::httpd
