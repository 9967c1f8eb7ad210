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

} // namespace vmedia::tls
