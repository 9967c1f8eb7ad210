// SPDX-License-Identifier: Apache-2.0
#include "journal.hpp"

#include <charconv>

namespace vmedia::service
{

std::vector<Cleaning> cleaningOf(const Journal& journal,
                                 std::string_view bootNow)
{
    using What = Cleaning::What;
    const bool sameBoot = journal.boot == bootNow;
    std::vector<Cleaning> todo;
    for (const Belongings& one : journal.all)
    {
        const auto add = [&](What what, const std::string& target) {
            if (!target.empty())
            {
                todo.push_back({what, one.mountPoint, target});
            }
        };
        const auto end = [&](const std::optional<ProcessId>& process,
                             const char* program) {
            if (process)
            {
                todo.push_back(
                    {What::endProcess, one.mountPoint, program, *process});
            }
        };
        if (sameBoot)
        {
            add(What::removeGadget, one.gadget);
            add(What::disconnectDevice, one.device);
            end(one.client, "nbd-client");
            end(one.server, "nbdkit");
            add(What::unmountShare, one.share);
        }
        add(What::removeFile, one.socket);
        add(What::removeFile, one.secret);
    }
    return todo;
}

std::optional<uint64_t> startTimeOf(std::string_view stat)
{
    // Field 2 is the program's name in parentheses, and may hold any of them.
    const size_t name = stat.rfind(')');
    if (name == stat.npos)
    {
        return {};
    }
    stat.remove_prefix(name + 1);
    constexpr int fieldsBetween = 20; // field 3 follows the name
    for (int i = 0; i < fieldsBetween; ++i)
    {
        const size_t space = stat.find(' ');
        if (space == stat.npos)
        {
            return {};
        }
        stat.remove_prefix(space + 1);
    }
    uint64_t ticks = 0;
    const auto [end, error] = std::from_chars(stat.data(),
                                              stat.data() + stat.size(), ticks);
    return error == std::errc() && end != stat.data() + stat.size() &&
                   *end == ' '
               ? std::optional(ticks)
               : std::nullopt;
}

bool isSame(const ProcessId& process, std::string_view stat)
{
    return startTimeOf(stat) == process.startTime;
}

} // namespace vmedia::service
