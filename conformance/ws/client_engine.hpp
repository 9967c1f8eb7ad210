// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/engine.hpp"
#include "conformance/ws/handshake.hpp"

namespace conformance::ws
{

/// What a client asks for.
struct Call
{
    std::string host{};
    std::string target = "/";
    std::vector<std::string> subprotocols{};
    std::string origin{}; ///< "": none, for it is no browser
    Fields credentials{};
};

/// The client's end: it sends a request, and hears the answer.
class ClientEngine final : public Engine
{
  public:
    /// @p seed: of its key and its masks.
    ClientEngine(Call call, Terms terms, Deviation deviation, uint64_t seed);

    /// Where a redirection leads, if one refused us.
    const std::string& elsewhere() const
    {
        return location;
    }

  private:
    void readHead() override;
    std::string faultOf(const Response& response) const;

    Request request;
    std::string key;
    std::string location{};
};

} // namespace conformance::ws
