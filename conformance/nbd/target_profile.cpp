// SPDX-License-Identifier: Apache-2.0
#include "target_profile.hpp"

#include "conformance/spawn_line.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace conformance::nbd
{

namespace
{

namespace fs = std::filesystem;

/// Where this very program is, with what was built or installed beside it.
fs::path besideUs()
{
    std::error_code failed;
    return fs::read_symlink("/proc/self/exe", failed).parent_path();
}

fs::path folder()
{
    return besideUs().parent_path() / "share/vmedia-conform/profiles";
}

std::string known()
{
    std::set<std::string> names;
    std::error_code failed;
    for (fs::directory_iterator one(folder(), failed);
         !failed && one != fs::directory_iterator(); one.increment(failed))
    {
        if (one->path().extension() == ".toml")
        {
            names.insert(one->path().stem());
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

vmedia::Result<fs::path> find(const std::string& name)
{
    if (name.find('/') != std::string::npos || name.ends_with(".toml"))
    {
        return fs::path(name);
    }
    const fs::path file = folder() / (name + ".toml");
    if (fs::exists(file))
    {
        return file;
    }
    const std::string names = known();
    return vmedia::fail(
        vmedia::Errc::usage, fmt::format("--profile: no profile '{}'", name),
        names.empty()
            ? fmt::format("give a file: {} has none", folder().string())
            : fmt::format("give a file, or one of: {}", names));
}

/// A program that was built or installed beside us comes before PATH's.
vmedia::Result<std::string> withOurs(const std::string& line)
{
    auto words = splitLine(line);
    if (!words)
    {
        return tl::unexpected(words.error());
    }
    const fs::path ours = besideUs() / words->front();
    const bool isOurs = words->front().find('/') == std::string::npos &&
                        fs::exists(ours) && line.starts_with(words->front());
    return isOurs ? (besideUs() / line).string() : line;
}

class Reading
{
  public:
    explicit Reading(std::string from) : source(std::move(from)) {}

    vmedia::Error wrong(const toml::node& at, std::string_view what) const
    {
        return {vmedia::Errc::usage,
                fmt::format("--profile: {}:{}: {}", source,
                            at.source().begin.line, what),
                {},
                {}};
    }

    vmedia::Result<TargetMode> mode(const toml::table& table) const
    {
        TargetMode mode;
        for (const auto& [key, value] : table)
        {
            const std::string_view name = key.str();
            if (name == "offers")
            {
                const auto offers = needs(value);
                if (!offers)
                {
                    return tl::unexpected(offers.error());
                }
                mode.offers = *offers;
                continue;
            }
            const auto text = value.value<std::string>();
            if (!text)
            {
                return tl::unexpected(
                    wrong(value, fmt::format("{} is no string", name)));
            }
            if (name == "line")
            {
                mode.start.line = *text;
            }
            else if (name == "config")
            {
                mode.start.config = *text;
            }
            else if (name == "export")
            {
                mode.exportName = *text;
            }
            else if (name == "tls-only-export")
            {
                mode.tlsOnlyExport = *text;
            }
            else
            {
                return tl::unexpected(wrong(
                    value, fmt::format("'{}' is no key of a mode", name)));
            }
        }
        if (mode.start.line.empty() || mode.offers == Needs{})
        {
            return tl::unexpected(wrong(table, "a mode needs offers and line"));
        }
        auto line = withOurs(mode.start.line);
        if (!line)
        {
            return tl::unexpected(wrong(table, line.error().what));
        }
        mode.start.line = std::move(*line);
        mode.start.values["bin"] = besideUs();
        const std::string all = mode.start.line + mode.start.config;
        if (all.find("{psk}") != std::string::npos ||
            all.find("{pki}") != std::string::npos)
        {
            mode.offers = mode.offers | Needs::ownKeys;
        }
        return mode;
    }

  private:
    vmedia::Result<Needs> needs(const toml::node& value) const
    {
        Needs all{};
        const toml::array* words = value.as_array();
        if (words == nullptr)
        {
            return tl::unexpected(wrong(value, "offers is no list"));
        }
        for (const toml::node& word : *words)
        {
            const auto text = word.value<std::string>();
            const auto need = parseNeed(text.value_or(""));
            if (!need)
            {
                return tl::unexpected(
                    wrong(word, fmt::format("nothing that is offered is "
                                            "called '{}'",
                                            text.value_or("?"))));
            }
            all = all | *need;
        }
        return all;
    }

    std::string source;
};

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
    const Reading reading(source);
    toml::table all;
    try
    {
        all = toml::parse(text, source);
    }
    catch (const toml::parse_error& error)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("--profile: {}:{}: {}", source,
                                        error.source().begin.line,
                                        error.description()));
    }
    TargetProfile profile{.name = fs::path(source).stem()};
    for (const auto& [key, value] : all)
    {
        const toml::array* modes = value.as_array();
        if (key.str() != "mode" || modes == nullptr)
        {
            return tl::unexpected(reading.wrong(
                value, fmt::format("'{}' is no [[mode]]", key.str())));
        }
        for (const toml::node& one : *modes)
        {
            const toml::table* table = one.as_table();
            if (table == nullptr)
            {
                return tl::unexpected(reading.wrong(one, "mode is no table"));
            }
            auto mode = reading.mode(*table);
            if (!mode)
            {
                return tl::unexpected(mode.error());
            }
            profile.modes.push_back(std::move(*mode));
        }
    }
    if (profile.modes.empty())
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("--profile: {} has no [[mode]]", source));
    }
    return profile;
}

vmedia::Result<TargetProfile> loadTargetProfile(const std::string& name)
{
    const auto file = find(name);
    if (!file)
    {
        return tl::unexpected(file.error());
    }
    std::ifstream stream(*file);
    std::stringstream text;
    text << stream.rdbuf();
    if (!stream)
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("--profile: {} cannot be read", file->string()));
    }
    return parseTargetProfile(text.str(), *file);
}

} // namespace conformance::nbd
