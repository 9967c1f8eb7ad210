// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "session.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>
#include <optional>
#include <stdexcept>

namespace vmedia::tls
{

/// For tests: two connected sockets, and what happens over them.
class Link
{
  public:
    Link()
    {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
                         sockets.data()) < 0)
        {
            throw std::runtime_error("no socketpair");
        }
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link()
    {
        closeClient();
        ::close(server());
    }

    int server() const
    {
        return sockets[0];
    }
    int client() const
    {
        return sockets[1];
    }
    void closeClient() // as a client that crashes
    {
        if (sockets[1] >= 0)
        {
            ::close(sockets[1]);
            sockets[1] = -1;
        }
    }

  private:
    std::array<int, 2> sockets{-1, -1};
};

struct Handshake
{
    Result<Session> server;
    Result<Session> client;
};

/// Both handshakes at once. Who fails hangs up, so that the other one ends.
inline Handshake shakeHands(const Link& link, const Context& server,
                            const Context& client)
{
    auto hangUp = [](Result<Session> session, int socket) {
        if (!session)
        {
            ::shutdown(socket, SHUT_RDWR);
        }
        return session;
    };
    auto accepted = std::async(std::launch::async, [&] {
        return hangUp(Session::accept(server, link.server()), link.server());
    });
    auto connected = hangUp(Session::connect(client, link.client()),
                            link.client());
    return {accepted.get(), std::move(connected)};
}

/// The next byte that comes, or why none did.
inline Result<size_t> readByte(Session& from)
{
    std::byte byte{};
    return from.read({&byte, 1});
}

inline Result<void> writeAll(Session& to, std::span<const std::byte> bytes)
{
    return to.write({&bytes, 1});
}

} // namespace vmedia::tls
