// SPDX-License-Identifier: Apache-2.0
#include "run_command.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace vmedia::nbd
{

PrivateSocket::~PrivateSocket()
{
    std::error_code ignored;
    if (!directory.empty())
    {
        std::filesystem::remove_all(directory, ignored);
    }
}

Result<std::string> PrivateSocket::make()
{
    std::string name = std::filesystem::temp_directory_path() /
                       "vmedia-nbd-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
    {
        return failErrno(errno, name, "set TMPDIR to a writable directory");
    }
    directory = name;
    return directory + "/sock";
}

Result<process::Child> startRun(boost::asio::io_context& context,
                                const std::string& command,
                                const std::string& uri,
                                const Endpoint& endpoint,
                                const std::string& exportName)
{
    const bool tcp = endpoint.unixSocket.empty();
    return process::Child::start(
        context.get_executor(),
        {{"/bin/sh", "-c", command},
         STDIN_FILENO,
         STDOUT_FILENO,
         STDERR_FILENO,
         {"uri=" + uri, "unixsocket=" + endpoint.unixSocket,
          "port=" + (tcp ? std::to_string(endpoint.port) : std::string()),
          "exportname=" + exportName}});
}

} // namespace vmedia::nbd
