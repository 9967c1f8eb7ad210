// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "stream.hpp"

namespace vmedia::nbd
{

/// A connected stream socket, TCP or unix, that blocks: its coroutines never
/// suspend. For a session that has a thread of its own: one system call a
/// batch, where waiting for readiness first would take three.
///
/// Owner:  the descriptor is borrowed. ::shutdown() from another thread ends
///         a call that waits, as if the peer had closed.
class DescriptorStream : public Stream
{
  public:
    /// Makes it blocking, and its buffers large.
    explicit DescriptorStream(int connected);

    boost::asio::awaitable<Result<size_t>>
        readSome(boost::asio::mutable_buffer into) override;
    boost::asio::awaitable<Result<void>>
        write(std::span<const boost::asio::const_buffer> buffers) override;

  private:
    int socket;
};

} // namespace vmedia::nbd
