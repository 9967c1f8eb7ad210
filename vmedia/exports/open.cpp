// SPDX-License-Identifier: Apache-2.0
#include "open.hpp"

#include "overlay.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace vmedia::exports
{

namespace
{

constexpr const char* knownPlugins =
    "use: file PATH, memory|pattern|null SIZE, overlay PLUGIN PARAMETER, or "
    "forward URI";
constexpr unsigned timeoutMost = 3600;

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
};

/// What follows "KEY=", if @p text starts with that.
std::optional<std::string> valueOf(const std::string& text,
                                   std::string_view key)
{
    if (text.starts_with(key) && text.substr(key.size()).starts_with('='))
    {
        return text.substr(key.size() + 1);
    }
    return std::nullopt;
}

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
    return valueOf(text, plugin.key).value_or(text);
}

Result<std::chrono::seconds> parseTimeout(std::string_view text)
{
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.begin(), text.end(),
                                              seconds);
    if (error != std::errc{} || end != text.end() || seconds < 1 ||
        seconds > timeoutMost)
    {
        return fail(Errc::usage, fmt::format("timeout={} is no time-out", text),
                    fmt::format("give whole seconds, 1 to {}", timeoutMost));
    }
    return std::chrono::seconds(seconds);
}

Result<ExportPointer> openForward(const std::vector<std::string>& parameters,
                                  Access access, const Notice& notice)
{
    ForwardOptions options;
    options.notice = notice;
    std::vector<std::string> rest;
    for (const std::string& text : parameters)
    {
        const std::optional<std::string> given = valueOf(text, "timeout");
        if (!given)
        {
            rest.push_back(text);
            continue;
        }
        const Result<std::chrono::seconds> timeout = parseTimeout(*given);
        if (!timeout)
        {
            return tl::unexpected(timeout.error());
        }
        options.timeout = *timeout;
    }
    Result<std::string> uri = parameterOf({"forward", "uri", nullptr}, rest);
    if (!uri)
    {
        return tl::unexpected(uri.error());
    }
    options.uri = std::move(*uri);
    return openForward(std::move(options), access);
}

Result<ExportPointer> openOverlay(const std::vector<std::string>& parameters,
                                  Access access, const Notice& notice)
{
    if (parameters.empty())
    {
        return fail(Errc::usage, "overlay does not name what is below it",
                    "write: overlay PLUGIN PARAMETER, as in: "
                    "overlay file disk.img");
    }
    Result<ExportPointer> below = openExport(
        parameters.front(), {parameters.begin() + 1, parameters.end()},
        Access::readOnly, notice);
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
                                 Access access, const Notice& notice)
{
    if (plugin.empty())
    {
        return fail(Errc::usage, "nothing to serve was named", knownPlugins);
    }
    if (plugin == "overlay")
    {
        return openOverlay(parameters, access, notice);
    }
    if (plugin == "forward")
    {
        return openForward(parameters, access, notice);
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
