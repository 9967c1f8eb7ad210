// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/transport/keys.hpp"
#include "conformance/transport/listener.hpp"
#include "conformance/ws/caller.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace conformance::ws
{

/// Where clients come in: a port, the URLs that lead there, and who dials
/// them.
class Gate
{
  public:
    /// With @p keys what comes begins with TLS, for the name `localhost`.
    static vmedia::Result<std::unique_ptr<Gate>>
        open(std::unique_ptr<Caller> caller,
             std::shared_ptr<const Keys> keys = nullptr);

    /// Somebody is asked to dial /nbd/NUMBER and @p more, which target() has
    /// then: a number of its own each time, if the caller takes URLs.
    vmedia::Result<std::unique_ptr<Visit>> call(std::string_view more = {});
    /// The next connection; none if the visit ends without one.
    std::optional<Connection> accept(const Visit& visit,
                                     std::chrono::milliseconds deadline,
                                     std::shared_ptr<WireLog> log) const;

    bool clientStays() const
    {
        return caller->stays();
    }
    /// We, and nobody else.
    bool startsClient() const
    {
        return caller->takesUrls();
    }
    const std::string& target() const
    {
        return asked;
    }
    /// "127.0.0.1:40000"
    std::string host() const;
    std::string url() const;
    /// Of a gate that is secure: what its clients see of us.
    const TlsWish& tls() const
    {
        return keys->server;
    }
    bool isSecure() const
    {
        return keys != nullptr;
    }

  private:
    Gate(Listener at, std::unique_ptr<Caller> who,
         std::shared_ptr<const Keys> with) :
        listener(std::move(at)), caller(std::move(who)), keys(std::move(with))
    {}

    Listener listener;
    std::unique_ptr<Caller> caller;
    std::shared_ptr<const Keys> keys;
    int visits = 0;
    std::string asked{};
};

} // namespace conformance::ws
