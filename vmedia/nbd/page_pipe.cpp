// SPDX-License-Identifier: Apache-2.0
#include "page_pipe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>

namespace vmedia::nbd
{

namespace
{

constexpr size_t pageSize = 4096;              // or a multiple of it, elsewhere
constexpr int pipeBytes = 1 << 20;
constexpr size_t slots = pipeBytes / pageSize; ///< pages, or parts of them
constexpr size_t worthwhile = 8; ///< slots; below, two more calls cost more

size_t pagesOf(const iovec& part)
{
    // NOLINTNEXTLINE: where in its page it begins
    const size_t begin = reinterpret_cast<uintptr_t>(part.iov_base) % pageSize;
    return (begin + part.iov_len + pageSize - 1) / pageSize;
}

} // namespace

std::unique_ptr<PagePipe> PagePipe::make()
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
    {
        return nullptr;
    }
    void* page = ::mmap(nullptr, pageSize, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // Who has many pipes is granted small ones only (pipe(7)).
    if (page == MAP_FAILED || ::fcntl(ends[1], F_SETPIPE_SZ, pipeBytes) < 0)
    {
        ::close(ends[0]);
        ::close(ends[1]);
        if (page != MAP_FAILED)
        {
            ::munmap(page, pageSize);
        }
        return nullptr;
    }
    return std::unique_ptr<PagePipe>(
        new PagePipe(ends[0], ends[1], static_cast<std::byte*>(page)));
}

PagePipe::PagePipe(int readEnd, int writeEnd, std::byte* page) :
    out(readEnd), in(writeEnd), copies(page)
{}

PagePipe::~PagePipe()
{
    ::close(out);
    ::close(in);
    ::munmap(copies, pageSize);
}

bool PagePipe::takes(std::span<const iovec> parts)
{
    size_t copied = 0;
    size_t used = 0;
    bool files = false;
    for (const iovec& part : parts)
    {
        copied += files ? 0 : part.iov_len;
        used += files ? pagesOf(part) : 1;
        files = !files;
    }
    return used >= worthwhile && used <= slots && copied <= pageSize &&
           parts.size() <= IOV_MAX;
}

/// A new page: the peer may not have read the old one.
void PagePipe::adopt(std::span<iovec> parts)
{
    ::madvise(copies, pageSize, MADV_DONTNEED);
    std::byte* to = copies;
    bool files = false;
    for (iovec& part : parts)
    {
        if (!files && part.iov_len > 0)
        {
            std::memcpy(to, part.iov_base, part.iov_len);
            part.iov_base = to;
            to += part.iov_len;
        }
        files = !files;
    }
}

int PagePipe::send(int socket, std::span<iovec> parts)
{
    size_t size = 0;
    for (const iovec& part : parts)
    {
        size += part.iov_len;
    }
    adopt(parts);
    // It fits (takes()), so that this never waits; fewer than all means that
    // a page could not be had.
    const ssize_t lent = ::vmsplice(in, parts.data(), parts.size(),
                                    SPLICE_F_NONBLOCK);
    if (lent < 0)
    {
        return errno;
    }
    return static_cast<size_t>(lent) == size ? drain(socket, size) : EFAULT;
}

int PagePipe::drain(int socket, size_t size) const
{
    while (size > 0)
    {
        const ssize_t put = ::splice(out, nullptr, socket, nullptr, size, 0);
        if (put < 0 && errno != EINTR)
        {
            return errno;
        }
        if (put == 0)
        {
            return EPIPE;
        }
        size -= static_cast<size_t>(std::max<ssize_t>(0, put));
    }
    return 0;
}

int PagePipe::receive(int socket, size_t size)
{
    received = 0;
    bool waited = false;
    while (received < size)
    {
        const ssize_t got = ::splice(socket, nullptr, in, nullptr,
                                     size - received,
                                     SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (got == 0)
        {
            return EPIPE;
        }
        if (got > 0)
        {
            received += static_cast<size_t>(got);
            waited = false;
        }
        else if (errno == EAGAIN && waited)
        {
            // The socket has something, so it is the pipe that has no room:
            // each piece takes a slot of it, however small.
            return spill(socket, size);
        }
        else if (errno == EAGAIN)
        {
            pollfd ready{socket, POLLIN, 0};
            while (::poll(&ready, 1, -1) < 0 && errno == EINTR)
            {}
            waited = true;
        }
        else if (errno != EINTR)
        {
            return errno;
        }
    }
    return 0;
}

int PagePipe::spill(int socket, size_t size)
{
    spilt.resize(size);
    size_t have = 0;
    while (have < size)
    {
        const bool fromPipe = have < received;
        const ssize_t got =
            fromPipe ? ::read(out, spilt.data() + have, received - have)
                     : ::recv(socket, spilt.data() + have, size - have, 0);
        if (got == 0)
        {
            return EPIPE;
        }
        if (got < 0 && errno != EINTR)
        {
            return errno;
        }
        have += static_cast<size_t>(std::max<ssize_t>(0, got));
    }
    received = 0;
    return 0;
}

int PagePipe::store(int file, uint64_t offset)
{
    auto at = static_cast<off_t>(offset);
    int error = 0;
    while (received > 0 && error == 0)
    {
        const ssize_t put = ::splice(out, nullptr, file, &at, received, 0);
        error = put > 0 || (put < 0 && errno == EINTR) ? 0
                : put < 0                              ? errno
                                                       : EIO;
        received -= static_cast<size_t>(std::max<ssize_t>(0, put));
    }
    std::span<const std::byte> rest(spilt);
    while (!rest.empty() && error == 0)
    {
        const ssize_t put = ::pwrite(file, rest.data(), rest.size(), at);
        error = put < 0 && errno != EINTR ? errno : 0;
        at += std::max<ssize_t>(0, put);
        rest = rest.subspan(static_cast<size_t>(std::max<ssize_t>(0, put)));
    }
    empty();
    return error;
}

void PagePipe::empty()
{
    spilt = {};
    std::array<std::byte, pageSize> dropped;
    while (received > 0)
    {
        const ssize_t got = ::read(out, dropped.data(),
                                   std::min(received, dropped.size()));
        received -= static_cast<size_t>(std::max<ssize_t>(0, got));
    }
}

} // namespace vmedia::nbd
