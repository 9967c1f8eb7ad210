// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/transport/connection.hpp"

namespace conformance
{

/// Where a client comes to us: a TCP port of the loopback that was free.
///
/// Owner: the destructor closes it.
class Listener
{
  public:
    static vmedia::Result<Listener> open();
    Listener(Listener&& other) noexcept :
        descriptor(std::exchange(other.descriptor, -1)), number(other.number)
    {}
    Listener& operator=(Listener&&) = delete;
    ~Listener();

    uint16_t port() const
    {
        return number;
    }
    /// The next one that connects. None if nobody does, or if first
    /// @p abandoned becomes readable and stays so while nobody connects.
    std::optional<Connection> accept(std::chrono::milliseconds deadline,
                                     std::shared_ptr<WireLog> log,
                                     int abandoned = -1) const;

  private:
    Listener(int socket, uint16_t port) : descriptor(socket), number(port) {}

    int descriptor;
    uint16_t number;
};

} // namespace conformance
