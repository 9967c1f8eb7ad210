// SPDX-License-Identifier: Apache-2.0
#include "hand_over.hpp"

#include "connection.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bench
{

using vmedia::Result;

Result<void> runHandOver(const std::string& path)
{
    const Result<Descriptor> socket = connectTo({.path = path});
    if (!socket)
    {
        return tl::unexpected(socket.error());
    }
    const std::array both{STDIN_FILENO, STDOUT_FILENO};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(both))> control{};
    char byte = 0;
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(both));
    std::memcpy(CMSG_DATA(header), both.data(), sizeof(both));
    if (::sendmsg(socket->get(), &message, MSG_NOSIGNAL) != 1)
    {
        return vmedia::failErrno(errno, path);
    }
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    while (::read(socket->get(), &byte, 1) < 0 &&
           (errno == EAGAIN || errno == EINTR)) // it has a timeout
    {}
    return {};
}

} // namespace bench
