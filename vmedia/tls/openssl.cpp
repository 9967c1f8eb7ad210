// SPDX-License-Identifier: Apache-2.0
#include "openssl.hpp"

#include <fmt/format.h>
#include <openssl/err.h>

namespace vmedia::tls
{

std::string takeReason()
{
    // What the TLS layer says of a cipher that failed is worth more than what
    // the cipher says, which comes first.
    unsigned long told = ::ERR_peek_error();
    while (const unsigned long next = ::ERR_get_error())
    {
        if (ERR_GET_LIB(next) == ERR_LIB_SSL)
        {
            told = next;
            break;
        }
    }
    ::ERR_clear_error();
    const char* reason = ::ERR_reason_error_string(told);
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
