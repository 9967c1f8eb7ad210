// SPDX-License-Identifier: Apache-2.0
#include "nbd_client.hpp"

#include <fmt/format.h>

namespace vmedia::service
{

ClientAbilities clientAbilities(std::string_view help)
{
    if (help.find("nbd-client") == help.npos)
    {
        return {};
    }
    return {help.find("nonetlink") != help.npos,
            help.find("readonly") != help.npos};
}

std::vector<std::string> clientCommand(const ClientOptions& options,
                                       const ClientAbilities& abilities)
{
    std::vector<std::string> argv{options.program, "-u", options.socket, "-n"};
    if (abilities.nonetlink)
    {
        argv.emplace_back("-L");
    }
    if (options.readOnly && abilities.readonly)
    {
        argv.emplace_back("-R");
    }
    argv.insert(argv.end(),
                {"-t", fmt::format("{}", options.timeout.count()), "-b",
                 fmt::format("{}", options.blockSize), options.device});
    return argv;
}

} // namespace vmedia::service
