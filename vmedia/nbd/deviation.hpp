// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "negotiator.hpp"
#include "transmission.hpp"
#include "vmedia/error/error.hpp"

#include <openssl/types.h>

#include <functional>
#include <string>

namespace vmedia::nbd
{

/// Where a reference peer may be told to break exactly one rule, so that the
/// conformance case for that rule can be seen to fail.
///
/// Shape:   each hook may be empty. It sees what was decided by the rules and
///          changes it before it is sent. A server that people use has none.
/// Threads: one copy a connection; hooks may keep state in the copy.
struct Deviation
{
    /// What came in one piece; nothing, once the client has ended.
    std::function<void(std::span<std::byte> piece)> received{};
    std::function<void(Bytes& greeting)> greeting{};
    std::function<void(uint32_t flags, Phase& next)> clientFlags{};
    /// The 16 bytes before an option's data, before they are looked at.
    std::function<void(std::span<std::byte, OptionHeader::wireSize> bytes)>
        header{};
    std::function<void(const Option& option, Step& step)> step{};
    /// In transmission; what is changed in the command shows in the reply.
    std::function<void(Command& command, Plan& todo)> plan{};
    /// All bytes of a reply, when they are ready to be sent.
    std::function<void(const Command& command, Bytes& bytes)> reply{};
    /// Once, before the first client; the file is empty with certificates.
    std::function<void(SSL_CTX* context, const std::string& pskFile)> tls{};
    /// The session has come to a bad end.
    std::function<void(const Error& why)> failed{};

    // After NBD_OPT_STARTTLS
    bool executesPlaintext = false; ///< what came in clear goes on in TLS
    bool survivesHandshake = false; ///< one that failed is not the end
    bool keepsState = false;        ///< what came in clear is not forgotten
};

} // namespace vmedia::nbd
