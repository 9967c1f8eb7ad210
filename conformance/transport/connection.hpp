// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/transport/address.hpp"
#include "conformance/wire/wire_log.hpp"
#include "vmedia/error/error.hpp"
#include "vmedia/nbd/pack.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace conformance
{

/// Why a transfer ended before all of it was done.
enum class Ended : uint8_t
{
    no,
    closed,  ///< EOF, reset or broken pipe: by the spec they are the same
    timeout, ///< the deadline passed
    garbled, ///< what came is not what TLS makes
};

struct Received
{
    vmedia::nbd::Bytes bytes; ///< fewer than asked for if it ended
    Ended ended = Ended::no;
    std::string how{};        ///< more of the end, where TLS tells it
};

/// A socket to the target, blocking, with a deadline on every call: how long
/// nothing may come. Where we started the target, none of its threads may be
/// at work then, else it is waited for, ten deadlines at most.
///
/// Owner:  the destructor closes it.
/// Log:    all that it does is in the log that open() got.
/// Errors: open() tells why nobody answers; later the peer's going away is a
///         result, not an error, for that is what many cases are about.
class Connection
{
  public:
    /// What a layer above sends and receives in a form of its own is not for
    /// the log: it writes down there what it means.
    enum class Logged : uint8_t
    {
        yes,
        no,
    };

    /// How much fits between the target and us: with `narrow` a few KiB in
    /// small segments (TCP), so that who sends to us soon has to wait.
    enum class Width : uint8_t
    {
        usual,
        narrow,
    };

    static vmedia::Result<Connection>
        open(const Address& address, std::chrono::milliseconds deadline,
             std::shared_ptr<WireLog> log = std::make_shared<WireLog>(),
             Width width = Width::usual);
    /// Of @p socket, which is connected and does not block, to @p where.
    static Connection adopt(int socket, std::string where,
                            std::shared_ptr<WireLog> log);
    Connection(Connection&& other) noexcept :
        descriptor(std::exchange(other.descriptor, -1)),
        log(std::move(other.log)), name(other.name), secured(other.secured),
        drops(other.drops), endSeen(other.endSeen)
    {}
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    Ended send(vmedia::nbd::ByteView bytes, std::chrono::milliseconds deadline,
               Logged logged = Logged::yes);
    /// Sends, and takes what comes meanwhile to the end of @p arrived, so
    /// that two who answer while they read cannot wait for each other.
    Ended exchange(vmedia::nbd::ByteView bytes, vmedia::nbd::Bytes& arrived,
                   std::chrono::milliseconds deadline,
                   Logged logged = Logged::yes);
    /// Waits until the peer has taken all that was sent.
    bool drain(std::chrono::milliseconds deadline) const;
    /// As much as the peer takes before it takes nothing for @p patience.
    size_t sendUntilStuck(vmedia::nbd::ByteView bytes,
                          std::chrono::milliseconds patience);
    Received receive(size_t size, std::chrono::milliseconds deadline);
    /// What has come, at most @p size bytes; waits for the first one.
    Received receiveSome(size_t size, std::chrono::milliseconds deadline,
                         Logged logged = Logged::yes);
    /// Nothing is read for @p time; less if the connection ends.
    void leaveUnread(std::chrono::milliseconds time) const;
    /// No more will be sent; what comes can still be read.
    void endSending() const;
    /// Closing throws away what is under way, and tells the peer so (TCP).
    void dropOnClose();

    /// From now on what is sent and received here is below TLS.
    void tlsBegins()
    {
        secured = true;
    }
    /// What the layer above has said and heard, in clear.
    void logSent(vmedia::nbd::ByteView bytes) const
    {
        log->sent(name, bytes);
    }
    void logReceived(vmedia::nbd::ByteView bytes) const
    {
        log->received(name, bytes);
    }
    void logEvent(WireKind kind, std::string text) const
    {
        log->event(kind, name, std::move(text));
    }

  private:
    Received receive(size_t enough, size_t size,
                     std::chrono::milliseconds deadline, Logged logged);
    void gone(WireKind how, std::string text);
    Connection(int socket, std::shared_ptr<WireLog> into, uint32_t number) :
        descriptor(socket), log(std::move(into)), name(number)
    {}

    int descriptor;
    std::shared_ptr<WireLog> log;
    uint32_t name;        ///< in the log
    bool secured = false; ///< by a layer above
    bool drops = false;
    bool endSeen = false;
};

} // namespace conformance
