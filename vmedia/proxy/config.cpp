// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/object.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace vmedia::proxy
{

namespace json = boost::json;

namespace
{

constexpr size_t nameMax = 32;
constexpr int64_t timeoutMax = 86400; // a day; nbd-client -t takes an int

bool isNameCharacter(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::strchr("._-", c) != nullptr;
}

bool isName(std::string_view name)
{
    return !name.empty() && name.size() <= nameMax && name[0] != '.' &&
           name[0] != '-' && std::ranges::all_of(name, isNameCharacter);
}

std::string shown(const json::value& value)
{
    std::string text = json::serialize(value);
    return text.size() <= 40 ? text : text.substr(0, 37) + "...";
}

tl::unexpected<Error> wrong(const Config& config, std::string_view key,
                            const json::value& seen, std::string_view wanted)
{
    return fail(Errc::usage, fmt::format("{}: {} is {}, wanted {}", config.file,
                                         key, shown(seen), wanted));
}

/// "line 3, column 7" of a byte offset, for people and their editors.
std::string position(std::string_view text, size_t offset)
{
    const std::string_view before = text.substr(0, offset);
    const auto line = 1 + std::ranges::count(before, '\n');
    const size_t lineStart = before.rfind('\n');
    return fmt::format(
        "line {}, column {}", line,
        lineStart == std::string_view::npos ? offset + 1 : offset - lineStart);
}

Result<json::value> parseJson(std::string_view text, const std::string& file)
{
    json::parser parser;
    json::error_code error;
    const size_t used = parser.write(text.data(), text.size(), error);
    if (!error)
    {
        return parser.release();
    }
    if (error == json::error::incomplete)
    {
        return fail(Errc::usage,
                    fmt::format("{}: the JSON text ends too early, at {}", file,
                                position(text, text.size())),
                    "close what is open there: \" } or ]");
    }
    return fail(Errc::usage,
                fmt::format("{}: not JSON at {}: {}", file,
                            position(text, used), error.message()));
}

Result<void> readOne(Config& config, std::string_view name,
                     const json::value& value)
{
    const std::string key = fmt::format("configurations.{}", name);
    if (!isName(name))
    {
        return fail(Errc::usage,
                    fmt::format("{}: the configuration name '{}' does not "
                                "consist of 1 to {} letters, digits, . _ -",
                                config.file, name, nameMax),
                    "rename it; it may not begin with . or -");
    }
    const json::object* object = value.if_object();
    if (object == nullptr)
    {
        return wrong(config, key, value, R"({"nbd-device": "/dev/nbd0"})");
    }
    const json::value* device = object->if_contains("nbd-device");
    if (device == nullptr)
    {
        return fail(Errc::usage,
                    fmt::format("{}: {} lacks nbd-device", config.file, key),
                    R"(add "nbd-device": "/dev/nbd0")");
    }
    if (!device->is_string() || device->get_string().empty())
    {
        return wrong(config, key + ".nbd-device", *device,
                     R"(a path such as "/dev/nbd0")");
    }
    Configuration one{std::string(name), std::string(device->get_string()),
                      "null"};
    if (const json::value* isDefault = object->if_contains("default"))
    {
        if (!isDefault->is_bool())
        {
            return wrong(config, key + ".default", *isDefault, "true or false");
        }
        one.isDefault = isDefault->get_bool();
    }
    if (const json::value* metadata = object->if_contains("metadata"))
    {
        if (!metadata->is_object() && !metadata->is_null())
        {
            return wrong(config, key + ".metadata", *metadata, "an object");
        }
        one.metadata = json::serialize(*metadata);
    }
    const auto rival = std::ranges::find_if(config.configurations,
                                            &Configuration::isDefault);
    if (one.isDefault && rival != config.configurations.end())
    {
        return fail(Errc::usage,
                    fmt::format("{}: '{}' and '{}' are both the default",
                                config.file, rival->name, one.name),
                    R"(keep "default": true in one of them)");
    }
    config.configurations.push_back(std::move(one));
    return {};
}

std::string names(const Config& config)
{
    std::vector<std::string> quoted;
    for (const Configuration& one : config.configurations)
    {
        quoted.push_back("'" + one.name + "'");
    }
    return fmt::format("{}", fmt::join(quoted, ", "));
}

} // namespace

Result<Config> parseConfig(std::string_view text, std::string file)
{
    Config config{std::move(file)};
    Result<json::value> parsed = parseJson(text, config.file);
    if (!parsed)
    {
        return tl::unexpected(parsed.error());
    }
    const json::object* top = parsed->if_object();
    if (top == nullptr)
    {
        return wrong(config, "the whole", *parsed,
                     R"({"configurations": {…}})");
    }
    if (const json::value* timeout = top->if_contains("timeout"))
    {
        if (!timeout->is_int64() || timeout->get_int64() < 1 ||
            timeout->get_int64() > timeoutMax)
        {
            return wrong(config, "timeout", *timeout,
                         fmt::format("1 to {} (seconds)", timeoutMax));
        }
        config.timeout = std::chrono::seconds(timeout->get_int64());
    }
    const json::value* all = top->if_contains("configurations");
    if (all == nullptr)
    {
        return fail(Errc::usage,
                    fmt::format("{}: lacks configurations", config.file),
                    R"(add "configurations": {"0": {"nbd-device": )"
                    R"("/dev/nbd0"}})");
    }
    if (!all->is_object() || all->get_object().empty())
    {
        return wrong(config, "configurations", *all,
                     R"({"0": {"nbd-device": "/dev/nbd0"}})");
    }
    for (const auto& [name, value] : all->get_object())
    {
        if (Result<void> read = readOne(config, name, value); !read)
        {
            return tl::unexpected(read.error());
        }
    }
    if (config.configurations.size() == 1)
    {
        config.configurations[0].isDefault = true;
    }
    return config;
}

Result<Config> loadConfig(const std::string& file)
{
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream || stream.bad())
    {
        auto error = failErrno(errno, fmt::format("configuration {}", file),
                               "create it, or name another one");
        error.value().code = Errc::usage;
        return error;
    }
    return parseConfig(text, file);
}

Result<Configuration> selectConfiguration(const Config& config,
                                          std::string_view name)
{
    for (const Configuration& one : config.configurations)
    {
        if (name.empty() ? one.isDefault : one.name == name)
        {
            return one;
        }
    }
    if (name.empty())
    {
        return fail(Errc::usage,
                    fmt::format("{}: no configuration is the default and none "
                                "was named",
                                config.file),
                    fmt::format("name one of {}", names(config)));
    }
    return fail(Errc::usage, fmt::format("{}: no configuration '{}'; known: {}",
                                         config.file, name, names(config)));
}

std::string metadataJson(const Config& config)
{
    std::vector<std::string> members;
    for (const Configuration& one : config.configurations)
    {
        members.push_back(fmt::format("\"{}\": {}", one.name, one.metadata));
    }
    return fmt::format("{{{}}}", fmt::join(members, ", "));
}

} // namespace vmedia::proxy
