// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "scenario.hpp"
#include "vmedia/nbd/stream.hpp"

namespace vmedia::nbd::fuzz
{

/// A peer in memory. It says its bytes, cut as the circumstances tell, and
/// keeps what it is told, until it hangs up.
class Client : public Stream
{
  public:
    /// @p stopping becomes true when the circumstances say so.
    Client(ByteView says, const Circumstances& how,
           std::atomic<bool>& stopping);

    boost::asio::awaitable<Result<size_t>>
        readSome(boost::asio::mutable_buffer into) override;
    boost::asio::awaitable<Result<void>>
        write(std::span<const boost::asio::const_buffer> buffers) override;
    bool sendsUncopied() const override;
    boost::asio::awaitable<Result<void>>
        writeLent(std::span<const boost::asio::const_buffer> parts) override;
    boost::asio::awaitable<Result<void>>
        sendFile(std::span<const boost::asio::const_buffer> before, int file,
                 uint64_t offset, uint64_t length) override;
    bool receivesUncopied() override;
    boost::asio::awaitable<Result<int>> receiveFile(int file, uint64_t offset,
                                                    uint64_t length) override;
    /// What was in clear and what is secured is the same here.
    boost::asio::awaitable<Result<void>> startTls() override;

    const Bytes& told() const
    {
        return heard;
    }

  private:
    Result<void> hear(ByteView bytes);

    ByteView rest;
    const Circumstances& circumstances;
    std::atomic<bool>& stop;
    size_t reads = 0;
    Bytes heard{};
};

} // namespace vmedia::nbd::fuzz
