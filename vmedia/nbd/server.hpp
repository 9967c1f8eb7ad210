// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "session.hpp"
#include "vmedia/tls/context.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace vmedia::nbd
{

/// Where a server listens: a unix socket if the path is set, else TCP.
struct Endpoint
{
    std::string unixSocket{};
    std::string address = "127.0.0.1"; ///< a literal, IPv4 or IPv6
    uint16_t port = 10809;             ///< 0: the system chooses
};

struct ServerOptions
{
    Endpoint endpoint{};
    SessionOptions session{};
    uint32_t connections = 100; ///< more of them are closed at once
    std::optional<vmedia::tls::Context> tls{}; ///< with what session.tls offers
    std::chrono::seconds negotiationDeadline{30};
    /// How long clients have, once stopped, to finish and be told.
    std::chrono::milliseconds grace{1000};
};

/// Serves a catalogue to many clients at once.
///
/// Owner:   removes the unix socket that it made. Borrows the catalogue.
/// Threads: each session has a thread of its own, where it blocks; accepting
///          and deadlines need one that runs the executor. start() and stop()
///          from any. session.log is called from all of them.
class Server
{
  public:
    /// Binds and listens; accepts nothing before start().
    ///
    /// Errors: the path is too long or holds something that is not a dead
    ///         socket, the port is in use, the address is not ours.
    static Result<std::unique_ptr<Server>>
        listen(const boost::asio::any_io_executor& executor,
               Catalogue& catalogue, ServerOptions options);

    virtual ~Server() = default;

    /// "nbd+unix:///?socket=/run/nbd.sock" or "nbd://127.0.0.1:10809", with
    /// the port that the system chose.
    virtual std::string uri() const = 0;

    virtual void start() = 0;

    /// Accepts no more and ends the sessions; the executor runs dry then.
    virtual void stop() = 0;

    virtual const Traffic& traffic() const = 0;
};

} // namespace vmedia::nbd
