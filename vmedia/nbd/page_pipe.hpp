// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sys/uio.h>

#include <memory>
#include <span>
#include <vector>

namespace vmedia::nbd
{

/// Spares copies between a socket and a file: the kernel passes pages on.
///
/// To send, the peer's receive is the only copy there is. For pages that come
/// from a file, and for little else: what is sent must not change before the
/// peer has read it, and nobody tells when that is.
///
/// Owner:   a pipe and one page; the socket is borrowed.
/// Threads: one at a time. SIGPIPE must be blocked or ignored.
/// Source:  vmsplice(2), splice(2).
class PagePipe
{
  public:
    /// None where the system grants no pipe of a useful size.
    static std::unique_ptr<PagePipe> make();

    ~PagePipe();
    PagePipe(const PagePipe&) = delete;
    PagePipe& operator=(const PagePipe&) = delete;

    /// Of @p parts every second one is a file's, the first is not.
    ///
    /// True if they are worth it and fit: those that are not in one page, all
    /// in one pipe.
    static bool takes(std::span<const iovec> parts);

    /// All of it, in order; waits for the peer. Changes @p parts: what is not
    /// a file's is copied first, and free to change then.
    /// Errors: a system error number. After EFAULT (a file became shorter)
    ///         nothing was sent; this pipe is of no use after any error.
    int send(int socket, std::span<iovec> parts);

    /// The next @p size bytes of the socket, all of them, into the pipe or,
    /// where a peer cuts them too finely for it, into memory.
    /// Errors: a system error number; EPIPE at the peer's end.
    int receive(int socket, size_t size);

    /// What was received, to the file's @p offset.
    /// Errors: a system error number; the rest is dropped.
    int store(int file, uint64_t offset);

  private:
    PagePipe(int readEnd, int writeEnd, std::byte* page);

    void adopt(std::span<iovec> parts);
    int drain(int socket, size_t size) const;
    int spill(int socket, size_t size);
    void empty();

    int out;
    int in;
    std::byte* copies;              ///< one page, a new one for each send()
    size_t received = 0;            ///< bytes in the pipe
    std::vector<std::byte> spilt{}; ///< instead
};

} // namespace vmedia::nbd
