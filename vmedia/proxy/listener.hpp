// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <string>

namespace vmedia::proxy
{

/// The unix socket on which nbd-client finds us: DIRECTORY/nbd.PID.sock.
///
/// Owner: the file goes with the first connection, or with the Listener; so
///        only a SIGKILL in between can leave it, and the next session
///        removes what processes that are gone have left (W10).
class Listener
{
  public:
    static Result<Listener> open(const boost::asio::any_io_executor& executor,
                                 const std::string& directory);

    Listener(Listener&& other) noexcept;
    Listener& operator=(Listener&&) = delete;
    ~Listener();

    const std::string& path() const;

    /// The one connection; afterwards nobody else can connect.
    boost::asio::awaitable<Result<boost::asio::local::stream_protocol::socket>>
        accept();

    void close();

  private:
    Listener(boost::asio::local::stream_protocol::acceptor acceptor,
             std::string path);

    boost::asio::local::stream_protocol::acceptor acceptor;
    std::string file; ///< empty once it is removed
};

} // namespace vmedia::proxy
