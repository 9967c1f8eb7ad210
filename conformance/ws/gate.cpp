// SPDX-License-Identifier: Apache-2.0
#include "gate.hpp"

#include <fmt/format.h>

namespace conformance::ws
{

vmedia::Result<std::unique_ptr<Gate>>
    Gate::open(std::unique_ptr<Caller> caller, std::shared_ptr<const Keys> keys)
{
    auto listener = Listener::open();
    if (!listener)
    {
        return tl::unexpected(listener.error());
    }
    return std::unique_ptr<Gate>(
        new Gate(std::move(*listener), std::move(caller), std::move(keys)));
}

vmedia::Result<std::unique_ptr<Visit>> Gate::call(std::string_view more)
{
    if (caller->takesUrls())
    {
        ++visits;
        asked = fmt::format("/nbd/{}{}", visits, more);
    }
    else
    {
        asked = "/nbd/0";
    }
    return caller->call(url());
}

std::optional<Connection> Gate::accept(const Visit& visit,
                                       std::chrono::milliseconds deadline,
                                       std::shared_ptr<WireLog> log) const
{
    return listener.accept(deadline, std::move(log), visit.descriptor());
}

std::string Gate::host() const
{
    return fmt::format("{}:{}", isSecure() ? "localhost" : "127.0.0.1",
                       listener.port());
}

std::string Gate::url() const
{
    return fmt::format("{}://{}{}", isSecure() ? "wss" : "ws", host(), asked);
}

} // namespace conformance::ws
