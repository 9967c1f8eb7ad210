// SPDX-License-Identifier: Apache-2.0
#include "ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <utility>

namespace vmedia::service
{

std::string journalFile(const Config& config)
{
    return config.roots.runDirectory + "/journal.json";
}

std::string bootId()
{
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    file >> id;
    return id;
}

std::optional<ProcessId> identify(int pid)
{
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string stat;
    std::getline(file, stat, '\0'); // a name may hold newlines
    const auto started = startTimeOf(stat);
    return started ? std::optional(ProcessId{pid, *started}) : std::nullopt;
}

Ledger::Ledger(Journal& j, std::string f, const std::string& mountPoint) :
    journal(j), file(std::move(f)), mine{mountPoint}
{
    const auto known = std::ranges::find(j.all, mountPoint,
                                         &Belongings::mountPoint);
    if (known != j.all.end())
    {
        mine = *known;
    }
}

void Ledger::write(const std::function<void(Belongings&)>& change)
{
    const Belongings before = mine;
    change(mine);
    if (mine == before)
    {
        return;
    }
    journal.put(mine);
    if (const Result<void> saved = saveJournal(file, journal); !saved)
    {
        fmt::print(stderr, "vmediad: {}\n", describe(saved.error()));
    }
}

} // namespace vmedia::service
