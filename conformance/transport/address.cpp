// SPDX-License-Identifier: Apache-2.0
#include "address.hpp"

#include <fmt/format.h>

namespace conformance
{

std::string describe(const Address& address)
{
    if (!address.socket.empty())
    {
        return address.socket;
    }
    const bool literal = address.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", literal ? "[" : "", address.host,
                       literal ? "]" : "", address.port);
}

} // namespace conformance
