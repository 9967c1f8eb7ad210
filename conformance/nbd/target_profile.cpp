// SPDX-License-Identifier: Apache-2.0
#include "target_profile.hpp"

#include "conformance/profile_file.hpp"

#include <algorithm>
#include <filesystem>

namespace conformance::nbd
{

namespace
{

const ProfileWords& words()
{
    static const ProfileWords all{[](std::string_view word) {
        return parseNeed(word).has_value();
    }, {"export", "tls-only-export"}};
    return all;
}

TargetMode modeOf(ProfileMode& read)
{
    TargetMode mode{.start = std::move(read.start)};
    for (const std::string& word : read.offers)
    {
        mode.offers = mode.offers | *parseNeed(word);
    }
    const std::string all = mode.start.line + mode.start.config;
    if (all.find("{psk}") != std::string::npos ||
        all.find("{pki}") != std::string::npos)
    {
        mode.offers = mode.offers | Needs::ownKeys;
    }
    if (const auto name = read.values.find("export"); name != read.values.end())
    {
        mode.exportName = name->second;
    }
    mode.tlsOnlyExport = read.values["tls-only-export"];
    return mode;
}

vmedia::Result<TargetProfile>
    profileOf(vmedia::Result<std::vector<ProfileMode>> read,
              const std::string& source)
{
    if (!read)
    {
        return tl::unexpected(read.error());
    }
    TargetProfile profile{.name = std::filesystem::path(source).stem()};
    std::ranges::transform(*read, std::back_inserter(profile.modes), modeOf);
    return profile;
}

} // namespace

const TargetMode* TargetProfile::find(Needs needed) const
{
    const auto found = std::ranges::find_if(modes,
                                            [needed](const TargetMode& mode) {
        return covers(mode.offers, needed);
    });
    return found == modes.end() ? nullptr : &*found;
}

vmedia::Result<TargetProfile> parseTargetProfile(std::string_view text,
                                                 const std::string& source)
{
    return profileOf(parseProfile(text, source, words()), source);
}

vmedia::Result<TargetProfile> loadTargetProfile(const std::string& name)
{
    return profileOf(loadProfile(name, words()), name);
}

} // namespace conformance::nbd
