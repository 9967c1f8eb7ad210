// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "session_state.hpp"
#include "vmedia/error/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>

namespace vmedia::proxy
{

/// Bytes between two descriptors of ours (standard input and output) and
/// nbd-client's socket, both ways at once.
///
/// Memory: one buffer of 128 KiB each way. Who does not read stops only the
///         direction that fills up.
/// Ends:   an end of input is passed on to nbd-client, whose last words still
///         get out. When nobody reads our output any more, what nbd-client
///         says is thrown away, so that it never blocks on us.
/// Owner:  of copies of the descriptors; their flags (O_NONBLOCK belongs to
///         the file that a parent may share) are as before when it goes.
class Relay
{
  public:
    using Tell = std::function<void(Event)>;

    /// Errors: a descriptor that is neither socket, pipe nor terminal.
    static Result<Relay> open(const boost::asio::any_io_executor& executor,
                              int input, int output, Tell tell);

    Relay(Relay&&) = default;
    Relay& operator=(Relay&&) = delete;
    ~Relay();

    /// From now on there is somewhere to send the input to.
    void connect(boost::asio::local::stream_protocol::socket socket);

    /// Spawn this at once: it notices an end of input before connect(), too.
    boost::asio::awaitable<void> inputToClient();

    /// Spawn this after connect(). Ends when nbd-client's last byte is out.
    boost::asio::awaitable<void> clientToOutput();

    /// Makes both directions end.
    void close();

  private:
    struct Borrowed
    {
        int descriptor;
        int flags; ///< to be restored; -1 for none
    };

    Relay(boost::asio::posix::stream_descriptor input,
          boost::asio::posix::stream_descriptor output, Borrowed first,
          Borrowed second, Tell tell);
    static Result<boost::asio::posix::stream_descriptor>
        copyOf(const boost::asio::any_io_executor& executor, int descriptor,
               const char* name);
    void endOfInput();

    boost::asio::posix::stream_descriptor input;
    boost::asio::posix::stream_descriptor output;
    Borrowed borrowed[2];
    boost::asio::local::stream_protocol::socket client;
    boost::asio::steady_timer connected; ///< cancelled when it happens
    Tell tell;
    bool inputEnded = false;
};

} // namespace vmedia::proxy
