// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/target.hpp"
#include "vmedia/nbd/pack.hpp"

#include <chrono>
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

/// A socket to the target, blocking, with a deadline on every call.
///
/// Owner:  the destructor closes it.
/// Errors: open() tells why nobody answers; later the peer's going away is a
///         result, not an error, for that is what many cases are about.
class Connection
{
  public:
    static vmedia::Result<Connection> open(const Address& address,
                                           std::chrono::milliseconds deadline);
    Connection(Connection&& other) noexcept :
        descriptor(std::exchange(other.descriptor, -1))
    {}
    Connection& operator=(Connection&& other) noexcept
    {
        std::swap(descriptor, other.descriptor);
        return *this;
    }
    ~Connection();

    Ended send(vmedia::nbd::ByteView bytes, std::chrono::milliseconds deadline);
    /// Sends, and takes what comes meanwhile to the end of @p arrived, so
    /// that two who answer while they read cannot wait for each other.
    Ended exchange(vmedia::nbd::ByteView bytes, vmedia::nbd::Bytes& arrived,
                   std::chrono::milliseconds deadline);
    /// Waits until the peer has taken all that was sent.
    bool drain(std::chrono::milliseconds deadline) const;
    /// As much as the peer takes before it takes nothing for @p patience.
    size_t sendUntilStuck(vmedia::nbd::ByteView bytes,
                          std::chrono::milliseconds patience);
    Received receive(size_t size, std::chrono::milliseconds deadline);
    /// What has come, at most @p size bytes; waits for the first one.
    Received receiveSome(size_t size, std::chrono::milliseconds deadline);
    /// No more will be sent; what comes can still be read.
    void endSending() const;
    /// Closing throws away what is under way, and tells the peer so (TCP).
    void dropOnClose() const;

  private:
    Received receive(size_t enough, size_t size,
                     std::chrono::milliseconds deadline);
    explicit Connection(int socket) : descriptor(socket) {}
    int descriptor;
};

} // namespace conformance
