// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sim
{

/// QEMU's machine protocol, one command at a time. Events are passed over:
/// what matters to us is on the consoles.
/// Source: docs/interop/qmp-spec.rst of QEMU.
class Qmp
{
  public:
    using Socket = boost::asio::local::stream_protocol::socket;
    using Answer = vmedia::Result<boost::json::value>;

    explicit Qmp(std::shared_ptr<Socket> socket) : stream(std::move(socket)) {}

    /// Greeting and qmp_capabilities. Gives QEMU's version.
    boost::asio::awaitable<vmedia::Result<std::string>> open();
    boost::asio::awaitable<Answer> execute(std::string_view command,
                                           boost::json::object arguments);

  private:
    boost::asio::awaitable<Answer> message();
    std::shared_ptr<Socket> stream;
    std::string buffer;
};

/// The port on 127.0.0.1 that leads to @p guestPort, from what the human
/// monitor's `info usernet` prints. QEMU chose it: hostfwd=tcp:127.0.0.1:0-…
std::optional<uint16_t> findForward(std::string_view infoUsernet,
                                    uint16_t guestPort);

} // namespace sim
