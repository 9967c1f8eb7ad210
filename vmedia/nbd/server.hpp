// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "endpoint.hpp"
#include "session.hpp"
#include "vmedia/tls/context.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace vmedia::nbd
{

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
/// Owner:   removes the unix socket that it made, and closes one that it was
///          passed. Borrows the catalogue.
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

    /// Where it is reached, with the port that the system chose.
    virtual Endpoint endpoint() const = 0;

    virtual void start() = 0;

    /// Accepts no more and ends the sessions; the executor runs dry then.
    virtual void stop() = 0;
};

} // namespace vmedia::nbd
