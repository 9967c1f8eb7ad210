// SPDX-License-Identifier: Apache-2.0
#include "profile_file.hpp"

#include "conformance/spawn_line.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace conformance
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
    Reading(std::string from, const ProfileWords& with) :
        source(std::move(from)), words(with)
    {}

    vmedia::Error wrong(const toml::node& at, std::string_view what) const
    {
        return {vmedia::Errc::usage,
                fmt::format("--profile: {}:{}: {}", source,
                            at.source().begin.line, what),
                {},
                {}};
    }

    vmedia::Result<ProfileMode> mode(const toml::table& table) const
    {
        ProfileMode mode;
        for (const auto& [key, value] : table)
        {
            const std::string_view name = key.str();
            if (name == "offers")
            {
                auto read = offers(value);
                if (!read)
                {
                    return tl::unexpected(read.error());
                }
                mode.offers = std::move(*read);
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
            else if (std::ranges::find(words.keys, name) != words.keys.end())
            {
                mode.values.emplace(name, *text);
            }
            else
            {
                return tl::unexpected(wrong(
                    value, fmt::format("'{}' is no key of a mode", name)));
            }
        }
        if (mode.start.line.empty() || mode.offers.empty())
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
        return mode;
    }

  private:
    vmedia::Result<std::vector<std::string>>
        offers(const toml::node& value) const
    {
        std::vector<std::string> all;
        const toml::array* list = value.as_array();
        if (list == nullptr)
        {
            return tl::unexpected(wrong(value, "offers is no list"));
        }
        for (const toml::node& one : *list)
        {
            const std::string text = one.value_or<std::string>("?");
            if (!words.isOffer(text))
            {
                return tl::unexpected(
                    wrong(one, fmt::format("nothing that is offered is called "
                                           "'{}'",
                                           text)));
            }
            all.push_back(text);
        }
        return all;
    }

    std::string source;
    const ProfileWords& words;
};

} // namespace

vmedia::Result<std::vector<ProfileMode>> parseProfile(std::string_view text,
                                                      const std::string& source,
                                                      const ProfileWords& words)
{
    const Reading reading(source, words);
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
    std::vector<ProfileMode> profile;
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
            profile.push_back(std::move(*mode));
        }
    }
    if (profile.empty())
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("--profile: {} has no [[mode]]", source));
    }
    return profile;
}

namespace
{

std::string textOf(const fs::path& file)
{
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::string known(const ProfileWords& words)
{
    std::set<std::string> names;
    std::error_code failed;
    for (fs::directory_iterator one(folder(), failed);
         !failed && one != fs::directory_iterator(); one.increment(failed))
    {
        if (one->path().extension() == ".toml" &&
            parseProfile(textOf(one->path()), one->path(), words))
        {
            names.insert(one->path().stem());
        }
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

vmedia::Result<fs::path> find(const std::string& name,
                              const ProfileWords& words)
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
    const std::string names = known(words);
    return vmedia::fail(
        vmedia::Errc::usage, fmt::format("--profile: no profile '{}'", name),
        names.empty()
            ? fmt::format("give a file: {} has none", folder().string())
            : fmt::format("give a file, or one of: {}", names));
}

} // namespace

vmedia::Result<std::vector<ProfileMode>> loadProfile(const std::string& name,
                                                     const ProfileWords& words)
{
    const auto file = find(name, words);
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
    return parseProfile(text.str(), *file, words);
}

} // namespace conformance
