// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <string>
#include <utility>

namespace vmedia::nbd
{

/// The file of a listening unix socket. Owner: removes it when it goes.
class SocketFile
{
  public:
    SocketFile() = default;
    explicit SocketFile(std::string path) : file(std::move(path)) {}
    SocketFile(SocketFile&& other) noexcept :
        file(std::exchange(other.file, {}))
    {}
    SocketFile& operator=(SocketFile&& other) noexcept
    {
        std::swap(file, other.file);
        return *this;
    }
    ~SocketFile();

    const std::string& path() const
    {
        return file;
    }

  private:
    std::string file;
};

struct UnixListener
{
    SocketFile file;
    boost::asio::local::stream_protocol::acceptor acceptor;
};

/// A socket file whose server is gone is taken over; anything else that is
/// there already, a live server above all, is an error.
Result<UnixListener> listenUnix(const boost::asio::any_io_executor& executor,
                                const std::string& path);

/// @p error says what the system refuses: the caller knows what to advise.
boost::asio::ip::tcp::acceptor
    listenTcp(const boost::asio::any_io_executor& executor,
              const boost::asio::ip::tcp::endpoint& endpoint,
              boost::system::error_code& error);

Result<boost::asio::ip::tcp::acceptor>
    listenTcp(const boost::asio::any_io_executor& executor,
              const std::string& address, uint16_t port);

/// A socket that another process made and let listen; it is closed here.
boost::asio::local::stream_protocol::acceptor
    passedUnix(const boost::asio::any_io_executor& executor, int descriptor);
boost::asio::ip::tcp::acceptor
    passedTcp(const boost::asio::any_io_executor& executor, int descriptor);

} // namespace vmedia::nbd
