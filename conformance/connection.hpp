// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/target.hpp"
#include "vmedia/nbd/pack.hpp"

#include <chrono>
#include <utility>

namespace conformance
{

/// Why a transfer ended before all of it was done.
enum class Ended : uint8_t
{
    no,
    closed,  ///< EOF, reset or broken pipe: by the spec they are the same
    timeout, ///< the deadline passed
};

struct Received
{
    vmedia::nbd::Bytes bytes; ///< fewer than asked for if it ended
    Ended ended = Ended::no;
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
    /// As much as the peer takes before it takes nothing for @p patience.
    size_t sendUntilStuck(vmedia::nbd::ByteView bytes,
                          std::chrono::milliseconds patience);
    Received receive(size_t size, std::chrono::milliseconds deadline);

  private:
    explicit Connection(int socket) : descriptor(socket) {}
    int descriptor;
};

} // namespace conformance
