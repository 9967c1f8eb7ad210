// SPDX-License-Identifier: Apache-2.0
#include "link.hpp"

#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace conformance::ws
{

namespace
{

constexpr size_t pieceMax = 64 << 10;

} // namespace

Link::Link(int descriptor, SSL_CTX* context, std::string_view name) :
    socket(descriptor)
{
    if (context != nullptr)
    {
        ssl.reset(::SSL_new(context));
        ::SSL_set_fd(ssl.get(), socket);
        SSL_set_read_ahead(ssl.get(), 0); // else poll() does not tell of it all
        if (name.empty())
        {
            ::SSL_set_accept_state(ssl.get());
        }
        else
        {
            const std::string whole(name);
            if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl.get()),
                                                whole.c_str()) != 1)
            {
                vmedia::tls::takeReason(); // it is no address
                ::SSL_set1_host(ssl.get(), whole.c_str());
            }
            ::SSL_set_connect_state(ssl.get());
        }
        ::SSL_set_mode(ssl.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
}

void Link::announce(const std::string& name)
{
    if (ssl)
    {
        SSL_set_tlsext_host_name(ssl.get(), name.c_str());
    }
}

Link::~Link()
{
    ::close(socket);
}

Link::Read Link::read(vmedia::nbd::Bytes& to)
{
    std::array<std::byte, pieceMax> piece;
    if (!ssl)
    {
        const ssize_t size = ::recv(socket, piece.data(), piece.size(),
                                    MSG_DONTWAIT);
        if (size > 0)
        {
            to.insert(to.end(), piece.begin(), piece.begin() + size);
            return Read::some;
        }
        return size == 0                           ? Read::ended
               : errno == EAGAIN || errno == EINTR ? Read::none
                                                   : Read::broken;
    }
    const int size = ::SSL_read(ssl.get(), piece.data(),
                                static_cast<int>(piece.size()));
    if (size > 0)
    {
        wants = false;
        to.insert(to.end(), piece.begin(), piece.begin() + size);
        return Read::some;
    }
    const int why = ::SSL_get_error(ssl.get(), size);
    vmedia::tls::takeReason();
    wants = why == SSL_ERROR_WANT_WRITE;
    switch (why)
    {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return Read::none;
        case SSL_ERROR_ZERO_RETURN:
            return Read::ended;
        default:
            return Read::broken;
    }
}

bool Link::write(vmedia::nbd::Bytes& from)
{
    while (!from.empty())
    {
        ssize_t size = 0;
        if (ssl)
        {
            size =
                ::SSL_write(ssl.get(), from.data(),
                            static_cast<int>(std::min(from.size(), pieceMax)));
            if (size <= 0)
            {
                const int why = ::SSL_get_error(ssl.get(),
                                                static_cast<int>(size));
                vmedia::tls::takeReason();
                return why == SSL_ERROR_WANT_WRITE ||
                       why == SSL_ERROR_WANT_READ;
            }
        }
        else
        {
            size = ::send(socket, from.data(), from.size(),
                          MSG_DONTWAIT | MSG_NOSIGNAL);
            if (size < 0)
            {
                return errno == EAGAIN || errno == EINTR;
            }
        }
        from.erase(from.begin(), from.begin() + size);
    }
    return true;
}

bool Link::holdsInput() const
{
    return ssl && ::SSL_pending(ssl.get()) > 0;
}

void Link::endSending(bool silent)
{
    if (ssl && !silent)
    {
        ::SSL_shutdown(ssl.get());
        vmedia::tls::takeReason();
    }
    ::shutdown(socket, SHUT_WR);
}

void Link::resetOnClose() const
{
    const linger now{1, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

} // namespace conformance::ws
