// SPDX-License-Identifier: Apache-2.0
#include "target_choice.hpp"

#include "conformance/text_report.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>

namespace conformance
{

void TargetChoice::addOptions(CLI::App& command, const Help& help)
{
    command.add_option("target", uri, help.uri);
    command.add_option("--spawn", spawn, help.spawn);
    command.add_option("--profile", profile, help.profile);
}

vmedia::Result<void> TargetChoice::wantOne(std::string give) const
{
    const std::string* const all[] = {&uri, &spawn, &profile};
    const auto given = std::ranges::count_if(
        all, [](const std::string* one) { return !one->empty(); });
    if (given == 1)
    {
        return {};
    }
    return vmedia::fail(vmedia::Errc::usage,
                        given == 0 ? "no target"
                                   : "more than one of a target, --spawn and "
                                     "--profile is given",
                        std::move(give));
}

std::string TargetChoice::shown() const
{
    return !profile.empty() ? "profile " + profile
           : spawn.empty()  ? uri
                            : spawn;
}

std::string TargetChoice::options() const
{
    return !profile.empty() ? "--profile " + shellQuoted(profile)
           : spawn.empty()  ? shellQuoted(uri)
                            : "--spawn " + shellQuoted(spawn);
}

} // namespace conformance
