// SPDX-License-Identifier: Apache-2.0
#include "openssl.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

namespace vmedia::tls
{

std::string takeReason()
{
    const char* reason = ::ERR_reason_error_string(::ERR_peek_error());
    ::ERR_clear_error();
    return reason == nullptr ? "OpenSSL gives no reason" : reason;
}

std::string printable(std::string_view text)
{
    constexpr size_t enough = 64; // a name that a person chose
    std::string line;
    for (const char c : text.substr(0, enough))
    {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '\\' || c == '\'')
        {
            line += fmt::format("\\x{:02x}", byte);
        }
        else
        {
            line += c;
        }
    }
    if (text.size() > enough)
    {
        line += fmt::format("… ({} bytes)", text.size());
    }
    return line;
}

} // namespace vmedia::tls
