// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "endpoint.hpp"
#include "vmedia/process/child.hpp"

#include <boost/asio/io_context.hpp>

#include <string>

namespace vmedia::nbd
{

/// Where --run serves if it was not said where: a socket that only we reach.
/// Owner: removes it, and its directory.
class PrivateSocket
{
  public:
    PrivateSocket() = default;
    PrivateSocket(const PrivateSocket&) = delete;
    PrivateSocket& operator=(const PrivateSocket&) = delete;
    ~PrivateSocket();

    Result<std::string> make();

  private:
    std::string directory{};
};

/// nbdkit's --run: a shell command that finds the server in its environment.
Result<process::Child> startRun(boost::asio::io_context& context,
                                const std::string& command,
                                const std::string& uri,
                                const Endpoint& endpoint,
                                const std::string& exportName);

} // namespace vmedia::nbd
