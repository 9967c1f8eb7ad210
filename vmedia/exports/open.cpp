// SPDX-License-Identifier: Apache-2.0
#include "open.hpp"

#include "overlay.hpp"

#include <fmt/format.h>

namespace vmedia::exports
{

namespace
{

constexpr const char* knownPlugins =
    "use: file PATH, memory|pattern|null SIZE, overlay PLUGIN PARAMETER, or "
    "forward URI";

/// A plugin of one parameter, which comes bare or after "KEY=".
struct Plugin
{
    std::string_view name;
    std::string_view key;
    Result<ExportPointer> (*open)(const std::string& value, Access access);
};

template <Result<ExportPointer> (*open)(uint64_t, Access)>
Result<ExportPointer> openSized(const std::string& value, Access access)
{
    return parseSize(value).and_then(
        [access](uint64_t size) { return open(size, access); });
}

constexpr Plugin plugins[] = {
    {"file", "file", openFile},
    {"memory", "size", openSized<openMemory>},
    {"pattern", "size", openSized<openPattern>},
    {"null", "size", openSized<openNull>},
    {"forward", "uri", openForward},
};

Result<std::string> parameterOf(const Plugin& plugin,
                                const std::vector<std::string>& parameters)
{
    if (parameters.size() != 1)
    {
        return fail(Errc::usage,
                    fmt::format("{} takes one parameter, {} were given",
                                plugin.name, parameters.size()),
                    fmt::format("write: {} {}=...", plugin.name, plugin.key));
    }
    const std::string& text = parameters.front();
    const bool named = text.starts_with(plugin.key) &&
                       text.substr(plugin.key.size()).starts_with('=');
    return named ? text.substr(plugin.key.size() + 1) : text;
}

Result<ExportPointer> openOverlay(const std::vector<std::string>& parameters,
                                  Access access)
{
    if (parameters.empty())
    {
        return fail(Errc::usage, "overlay does not name what is below it",
                    "write: overlay PLUGIN PARAMETER, as in: "
                    "overlay file disk.img");
    }
    Result<ExportPointer> below = openExport(
        parameters.front(), {parameters.begin() + 1, parameters.end()},
        Access::readOnly);
    if (!below)
    {
        return during("below overlay", below.error());
    }
    auto overlay = Overlay::open(std::move(*below), access);
    if (!overlay)
    {
        return tl::unexpected(overlay.error());
    }
    return std::move(*overlay);
}

} // namespace

Result<ExportPointer> openExport(std::string_view plugin,
                                 const std::vector<std::string>& parameters,
                                 Access access)
{
    if (plugin.empty())
    {
        return fail(Errc::usage, "nothing to serve was named", knownPlugins);
    }
    if (plugin == "overlay")
    {
        return openOverlay(parameters, access);
    }
    for (const Plugin& known : plugins)
    {
        if (known.name == plugin)
        {
            Result<std::string> value = parameterOf(known, parameters);
            return value ? known.open(*value, access)
                         : tl::unexpected(value.error());
        }
    }
    return fail(Errc::usage, fmt::format("there is no plugin '{}'", plugin),
                knownPlugins);
}

} // namespace vmedia::exports
