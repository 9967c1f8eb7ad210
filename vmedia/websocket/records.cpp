// SPDX-License-Identifier: Apache-2.0
#include "records.hpp"

#include "window.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>

#include <algorithm>
#include <cerrno>

namespace vmedia::websocket
{

namespace asio = boost::asio;
using boost::system::error_code;

namespace
{

constexpr size_t recordMax = SSL3_RT_MAX_PLAIN_LENGTH; // RFC 8446, 5.1: 2^14
constexpr size_t recordOverhead = SSL3_RT_MAX_ENCRYPTED_OVERHEAD +
                                  SSL3_RT_HEADER_LENGTH;
constexpr size_t sharedMax = 4096;
constexpr size_t sendMax = window / 2 + 14; // with the frame's header
// A message of 64 KiB, with what its frame and its records add.
constexpr size_t readAhead = window / 2 + 1024;

// OpenSSL's end of our output: bytes are appended, and never refused.

int append(BIO* bio, const char* data, int size)
{
    auto& out = *static_cast<std::vector<std::byte>*>(::BIO_get_data(bio));
    const auto bytes =
        std::as_bytes(std::span(data, static_cast<size_t>(std::max(size, 0))));
    out.insert(out.end(), bytes.begin(), bytes.end());
    return size;
}

long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/)
{
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* appending()
{
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = ::BIO_meth_new(
            ::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "vmedia output");
        if (made != nullptr)
        {
            ::BIO_meth_set_write(made, append);
            ::BIO_meth_set_ctrl(made, control);
        }
        return made;
    }();
    return method;
}

} // namespace

void Records::SslFree::operator()(SSL* session) const
{
    ::SSL_free(session);
}

Records::Records(SSL_CTX* context, int descriptor) :
    socket(descriptor), ssl(::SSL_new(context))
{
    BIO* in = ::BIO_new_socket(socket, BIO_NOCLOSE);
    BIO* gathered = ::BIO_new(appending());
    if (!ssl || in == nullptr || gathered == nullptr)
    {
        ::BIO_free(in);
        ::BIO_free(gathered);
        throw std::bad_alloc();
    }
    ::BIO_set_data(gathered, &out);
    ::BIO_set_init(gathered, 1);
    ::SSL_set_bio(ssl.get(), in, gathered);
    SSL_set_read_ahead(ssl.get(), 1);
    ::SSL_set_default_read_buffer_len(ssl.get(), readAhead);
    ::SSL_set_accept_state(ssl.get());
}

Step Records::failed(int status, Error& error)
{
    const int system = errno;
    switch (::SSL_get_error(ssl.get(), status))
    {
        case SSL_ERROR_WANT_READ:
            return Step::wantRead;
        case SSL_ERROR_ZERO_RETURN:
            error = asio::error::eof;
            break;
        case SSL_ERROR_SYSCALL:
            error = system == 0
                        ? error_code(asio::error::eof)
                        : error_code(system,
                                     asio::error::get_system_category());
            break;
        default:
            error = error_code(static_cast<int>(::ERR_peek_error()),
                               asio::error::get_ssl_category());
            if (!error) // it was told before
            {
                error = asio::error::connection_aborted;
            }
    }
    ::ERR_clear_error();
    return Step::failed;
}

Step Records::shakeHands(Error& error)
{
    ::ERR_clear_error();
    errno = 0;
    const int status = ::SSL_do_handshake(ssl.get());
    return status == 1 ? Step::done : failed(status, error);
}

Step Records::read(asio::mutable_buffer to, size_t& size, Error& error)
{
    if (to.size() == 0)
    {
        return Step::done;
    }
    // A record at a time: what one system call brought is taken at once.
    Step step = Step::done;
    while (step == Step::done && size < to.size())
    {
        size_t got = 0;
        ::ERR_clear_error();
        errno = 0;
        const int status = ::SSL_read_ex(ssl.get(),
                                         static_cast<char*>(to.data()) + size,
                                         to.size() - size, &got);
        size += got;
        if (status != 1)
        {
            step = failed(status, error);
        }
        else if (::SSL_has_pending(ssl.get()) == 0)
        {
            break;
        }
    }
    // The answer to a KeyUpdate; who writes takes it along.
    if (!blocked && !out.empty())
    {
        error_code ignored;
        flush(ignored);
    }
    if (size > 0)
    {
        error = {}; // comes again
        return Step::done;
    }
    return step;
}

bool Records::hasInput() const
{
    int waiting = 0;
    return ::SSL_has_pending(ssl.get()) != 0 ||
           (::ioctl(socket, FIONREAD, &waiting) == 0 && waiting > 0);
}

bool Records::encrypt(std::span<const std::byte> bytes)
{
    size_t put = 0; // all of it: our output takes everything
    ::ERR_clear_error();
    return ::SSL_write_ex(ssl.get(), bytes.data(), bytes.size(), &put) == 1;
}

Step Records::take(std::span<const asio::const_buffer> parts, size_t& size,
                   Error& error)
{
    size_t room = sendMax;
    if (small.capacity() == 0)
    {
        // Once, and not by doubling: each step would stay in the heap.
        small.reserve(sharedMax);
        out.reserve(out.size() + sendMax +
                    recordOverhead * (sendMax / recordMax + 2));
    }
    small.clear();
    bool isWell = true;
    for (const asio::const_buffer& part : parts)
    {
        std::span rest(static_cast<const std::byte*>(part.data()),
                       std::min(part.size(), room));
        room -= rest.size();
        size += rest.size();
        while (isWell && !rest.empty())
        {
            // Parts share a record, a small one; what is longer is not copied.
            const bool direct = small.empty() && rest.size() > sharedMax;
            const size_t count = direct ? rest.size()
                                        : std::min(rest.size(),
                                                   sharedMax - small.size());
            const auto now = rest.first(count);
            rest = rest.subspan(count);
            if (direct)
            {
                isWell = encrypt(now);
                continue;
            }
            small.insert(small.end(), now.begin(), now.end());
            if (small.size() == sharedMax)
            {
                isWell = encrypt(small);
                small.clear();
            }
        }
    }
    if (isWell && !small.empty())
    {
        isWell = encrypt(small);
    }
    if (!isWell)
    {
        size = 0;
        error = asio::error::connection_aborted;
        ::ERR_clear_error();
        return Step::failed;
    }
    return Step::done;
}

void Records::close()
{
    if (::SSL_is_init_finished(ssl.get()) != 0)
    {
        ::ERR_clear_error();
        ::SSL_shutdown(ssl.get());
        ::ERR_clear_error();
    }
}

Step Records::flush(Error& error)
{
    blocked = false;
    while (sent < out.size())
    {
        const ssize_t n = ::send(socket, out.data() + sent, out.size() - sent,
                                 MSG_NOSIGNAL);
        if (n >= 0)
        {
            sent += static_cast<size_t>(n);
        }
        else if (errno == EAGAIN)
        {
            blocked = true;
            return Step::wantWrite;
        }
        else if (errno != EINTR)
        {
            error = error_code(errno, asio::error::get_system_category());
            return Step::failed;
        }
    }
    out.clear();
    sent = 0;
    return Step::done;
}

} // namespace vmedia::websocket
