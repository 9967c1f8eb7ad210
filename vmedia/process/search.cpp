// SPDX-License-Identifier: Apache-2.0
#include "search.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

namespace vmedia::process
{

Result<std::string> findProgram(std::string_view program,
                                std::string_view package)
{
    const std::string name(program);
    if (name.find('/') != std::string::npos)
    {
        if (::access(name.c_str(), X_OK) == 0)
        {
            return name;
        }
        return failErrno(errno, fmt::format("program {}", name));
    }
    const char* path = std::getenv("PATH");
    std::istringstream folders(std::string(path != nullptr ? path : "") +
                               ":/usr/sbin:/sbin");
    for (std::string folder; std::getline(folders, folder, ':');)
    {
        std::string candidate = fmt::format("{}/{}", folder, name);
        if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0)
        {
            return candidate;
        }
    }
    return tl::unexpected(
        Error{Errc::usage,
              fmt::format("{} is missing", name),
              {},
              package.empty() ? std::string{}
                              : fmt::format("apt-get install {}", package),
              ENOENT});
}

} // namespace vmedia::process
