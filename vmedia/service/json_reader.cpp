// SPDX-License-Identifier: Apache-2.0
#include "json_reader.hpp"

#include "vmedia/error/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vmedia::service
{

namespace
{

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool isScalar(const LocatedJson& value)
{
    return value.kind == LocatedJson::Kind::scalar;
}

} // namespace

JsonReader::JsonReader(const std::string& name) : file(name) {}

void JsonReader::mistake(size_t line, std::string_view what, std::string hint)
{
    found.push_back({line,
                     {Errc::usage,
                      fmt::format("{}:{}: {}", file, line, what),
                      {},
                      std::move(hint)}});
}

void JsonReader::wrong(const LocatedJson& value, std::string_view path,
                       std::string_view wanted)
{
    mistake(value.line,
            fmt::format("{} is {}, wanted {}", path, value.shown(), wanted));
}

void JsonReader::missing(const LocatedJson& object, std::string_view prefix,
                         std::string_view key, std::string_view example)
{
    mistake(object.line, fmt::format("{}{} is missing", prefix, key),
            fmt::format("add \"{}\": {}", key, example));
}

void JsonReader::checkKeys(const LocatedJson& object, std::string_view prefix,
                           Keys known)
{
    checkTwice(object, prefix);
    for (const LocatedJson& member : object.members)
    {
        if (std::ranges::find(known, member.key) != known.end())
        {
            continue;
        }
        const auto alike = std::ranges::find_if(known,
                                                [&](std::string_view key) {
            return std::ranges::equal(key, member.key, {}, lower, lower);
        });
        mistake(member.line,
                fmt::format("{}{} is {}, but there is no such key", prefix,
                            printable(member.key), member.shown()),
                alike == known.end()
                    ? fmt::format("known: {}", fmt::join(known, ", "))
                    : fmt::format("write {}", *alike));
    }
}

void JsonReader::checkTwice(const LocatedJson& object, std::string_view prefix)
{
    std::vector<const LocatedJson*> sorted;
    for (const LocatedJson& member : object.members)
    {
        sorted.push_back(&member);
    }
    std::ranges::stable_sort(sorted, {}, &LocatedJson::key);
    for (size_t i = 1; i < sorted.size(); ++i)
    {
        const LocatedJson& before = *sorted[i - 1];
        const LocatedJson& again = *sorted[i];
        if (before.key == again.key)
        {
            mistake(again.line,
                    fmt::format("{}{} is {}, but it stands at line {} already, "
                                "as {}",
                                prefix, printable(again.key), again.shown(),
                                before.line, before.shown()),
                    "keep one of them");
        }
    }
}

bool JsonReader::isObject(const LocatedJson& value, std::string_view path,
                          std::string_view wanted)
{
    if (value.kind != LocatedJson::Kind::object)
    {
        wrong(value, path, wanted);
        return false;
    }
    return true;
}

void JsonReader::readSeconds(const LocatedJson& object, std::string_view prefix,
                             std::string_view key, std::chrono::seconds& into)
{
    const LocatedJson* value = get(object, key);
    if (value == nullptr)
    {
        return;
    }
    const int64_t seconds = asWhole(*value).value_or(0);
    if (seconds < 1 || seconds > secondsMax)
    {
        return wrong(*value, fmt::format("{}{}", prefix, key),
                     fmt::format("1 to {} (seconds)", secondsMax));
    }
    into = std::chrono::seconds(seconds);
}

void JsonReader::readPath(const LocatedJson& object, std::string_view prefix,
                          std::string_view key, std::string& into, size_t most)
{
    const LocatedJson* value = get(object, key);
    if (value == nullptr)
    {
        return;
    }
    auto text = asText(*value);
    if (!text || !text->starts_with('/') || text->size() > most ||
        text->find('\0') != text->npos)
    {
        return wrong(
            *value, fmt::format("{}{}", prefix, key),
            fmt::format("a path that begins with / and has at most {} "
                        "bytes{}",
                        most,
                        text ? fmt::format(" (it has {})", text->size()) : ""));
    }
    into = std::move(*text);
}

std::vector<Error> JsonReader::mistakes(size_t most)
{
    std::ranges::stable_sort(found, {}, &Found::line);
    std::vector<Error> all;
    for (Found& each : found)
    {
        all.push_back(std::move(each.error));
    }
    found.clear();
    if (all.size() > most)
    {
        const size_t more = all.size() - most + 1;
        all.resize(most - 1);
        all.push_back(
            {Errc::usage, fmt::format("{}: and {} more mistakes", file, more)});
    }
    return all;
}

const LocatedJson* get(const LocatedJson& object, std::string_view key)
{
    const auto at = std::ranges::find(object.members, key, &LocatedJson::key);
    return at == object.members.end() ? nullptr : &*at;
}

std::optional<int64_t> asWhole(const LocatedJson& value)
{
    return isScalar(value) && value.scalar.is_int64()
               ? std::optional(value.scalar.get_int64())
               : std::nullopt;
}

std::optional<std::string> asText(const LocatedJson& value)
{
    return isScalar(value) && value.scalar.is_string()
               ? std::optional(std::string(value.scalar.get_string()))
               : std::nullopt;
}

std::optional<bool> asFlag(const LocatedJson& value)
{
    return isScalar(value) && value.scalar.is_bool()
               ? std::optional(value.scalar.get_bool())
               : std::nullopt;
}

} // namespace vmedia::service
