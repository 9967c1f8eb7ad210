// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

namespace conformance
{

/// Where a server listens: a unix socket if `socket` is set, else TCP.
struct Address
{
    std::string socket{};
    std::string host{};
    uint16_t port = 0;
    bool operator==(const Address&) const = default;
};

/// HOST:PORT, or the socket's path
std::string describe(const Address& address);

} // namespace conformance
