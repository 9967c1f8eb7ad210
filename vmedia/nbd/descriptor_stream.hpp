// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "page_pipe.hpp"
#include "stream.hpp"
#include "vmedia/tls/session.hpp"

#include <sys/uio.h>

#include <optional>

namespace vmedia::nbd
{

/// A connected stream socket, TCP or unix, that blocks: its coroutines never
/// suspend. For a session that has a thread of its own: one system call a
/// batch, where waiting for readiness first would take three.
///
/// Threads: as tls::Session: the thread that makes one has SIGPIPE blocked.
/// Owner:  the descriptor is borrowed. ::shutdown() from another thread ends
///         a call that waits, as if the peer had closed.
class DescriptorStream : public Stream
{
  public:
    /// Makes it blocking, and its buffers large. Without @p context there is
    /// no startTls().
    explicit DescriptorStream(
        int connected, std::optional<tls::Context> context = std::nullopt);
    ~DescriptorStream() override; ///< says close_notify, if it speaks TLS

    boost::asio::awaitable<Result<size_t>>
        readSome(boost::asio::mutable_buffer into) override;
    bool wakeBy(int descriptor) override
    {
        waker = descriptor;
        return true;
    }
    bool waitFor(int descriptor) override;
    boost::asio::awaitable<Result<void>>
        write(std::span<const boost::asio::const_buffer> buffers) override;

    bool sendsUncopied() const override;
    boost::asio::awaitable<Result<void>>
        writeLent(std::span<const boost::asio::const_buffer> buffers) override;
    boost::asio::awaitable<Result<void>>
        sendFile(std::span<const boost::asio::const_buffer> before, int file,
                 uint64_t offset, uint64_t length) override;
    bool receivesUncopied() override;
    boost::asio::awaitable<Result<int>> receiveFile(int file, uint64_t offset,
                                                    uint64_t length) override;
    boost::asio::awaitable<Result<void>> startTls() override;

    /// "TLSv1.3, TLS_AES_128_GCM_SHA256, alice"; empty without TLS.
    std::string security() const;

  private:
    /// Looks for bytes for a short time without sleeping; -1 if none came.
    ssize_t spin(boost::asio::mutable_buffer into);
    Result<void> sendAll(std::span<const boost::asio::const_buffer> buffers,
                         int flags);
    PagePipe* pagePipe();
    void gather(std::span<const boost::asio::const_buffer> buffers);

    bool isWoken() const;

    int socket;
    int waker = -1;
    unsigned patience = 1; ///< of spin(): how often it may still be in vain
    unsigned slept = 0;
    std::vector<iovec> parts{};        ///< by gather()
    std::unique_ptr<PagePipe> pages{}; ///< by pagePipe()
    bool pagesTried = false;
    std::optional<tls::Context> tlsContext;
    std::optional<tls::Session> session{};
};

} // namespace vmedia::nbd
