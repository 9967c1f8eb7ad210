// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/tls/secret.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace vmedia::remote
{

/// Who asks a file server; nobody in particular if both are empty.
struct Credentials
{
    tls::Secret user{};
    tls::Secret password{};
};

/// As bmcweb bounds each of the two.
inline constexpr size_t credentialMax = 512;

/// "user\0password\0", as bmcweb writes it into the pipe. The last NUL may be
/// missing; nothing at all is nobody.
///
/// Errors: usage; never repeats what it was given. A control character is
///         refused, as each of the two becomes a line of a file or of HTTP.
Result<Credentials> parseCredentials(std::string_view bytes);

/// Reads the pipe @p descriptor to its end, closes it, and wipes what it read.
///
/// Errors: as parseCredentials(); io; timeout if the writer does not end it
///         within @p deadline, for who holds it open may do so for ever.
boost::asio::awaitable<Result<Credentials>>
    readCredentials(boost::asio::any_io_executor executor, int descriptor,
                    std::chrono::milliseconds deadline);

} // namespace vmedia::remote
