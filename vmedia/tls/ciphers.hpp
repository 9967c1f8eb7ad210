// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "openssl.hpp"
#include "vmedia/error/error.hpp"

#include <string>

namespace vmedia::tls
{

/// How the two ends know each other; it decides which ciphers can be used.
enum class Credential : uint8_t
{
    psk,
    certificate,
};

/// True if AES-GCM is fast here: AES and carry-less multiplication in the CPU.
/// Without it (a BMC's ARMv7) ChaCha20 is several times as fast.
bool cpuHasAes();

/// Sets the ciphers of both protocol versions.
///
/// Shape:  @p wanted empty: AES-GCM with forward secrecy first, or ChaCha20
///         if @p aes is false. Else a list with colons that says all that may
///         be used, in OpenSSL's words: names of TLS 1.3 suites, and names or
///         classes for TLS 1.2. A version that gets nothing from it is off.
/// Never:  NULL, anonymous, export or weak ciphers, whatever the list says.
/// Errors: name the list, and the word in it that means nothing.
Result<void> setCiphers(SSL_CTX* context, Credential credential,
                        const std::string& wanted, bool aes = cpuHasAes());

} // namespace vmedia::tls
