// SPDX-License-Identifier: Apache-2.0
#include "located_json.hpp"

#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <limits>

namespace vmedia::service
{

namespace json = boost::json;

namespace
{

/// What basic_parser tells, put together; the names are the parser's.
// NOLINTBEGIN(readability-identifier-naming)
struct Builder
{
    static constexpr size_t max_object_size =
        std::numeric_limits<size_t>::max();
    static constexpr size_t max_array_size = max_object_size;
    static constexpr size_t max_key_size = max_object_size;
    static constexpr size_t max_string_size = max_object_size;

    bool on_document_begin(json::error_code&)
    {
        return true;
    }
    bool on_document_end(json::error_code&)
    {
        return true;
    }
    bool on_object_begin(json::error_code&)
    {
        open.push_back({line, LocatedJson::Kind::object});
        return true;
    }
    bool on_object_end(size_t, json::error_code&)
    {
        return close();
    }
    bool on_array_begin(json::error_code&)
    {
        open.push_back({line, LocatedJson::Kind::array});
        return true;
    }
    bool on_array_end(size_t, json::error_code&)
    {
        return close();
    }
    bool on_key_part(json::string_view part, size_t, json::error_code&)
    {
        text += part;
        return true;
    }
    bool on_key(json::string_view part, size_t, json::error_code&)
    {
        text += part;
        open.back().members.push_back({.line = line, .key = std::move(text)});
        text.clear();
        return true;
    }
    bool on_string_part(json::string_view part, size_t, json::error_code&)
    {
        text += part;
        return true;
    }
    bool on_string(json::string_view part, size_t, json::error_code&)
    {
        text += part;
        const bool added = add(json::string(text));
        text.clear();
        return added;
    }
    bool on_number_part(json::string_view, json::error_code&)
    {
        return true;
    }
    bool on_int64(int64_t number, json::string_view, json::error_code&)
    {
        return add(number);
    }
    bool on_uint64(uint64_t number, json::string_view, json::error_code&)
    {
        return add(number);
    }
    bool on_double(double number, json::string_view, json::error_code&)
    {
        return add(number);
    }
    bool on_bool(bool flag, json::error_code&)
    {
        return add(flag);
    }
    bool on_null(json::error_code&)
    {
        return add(nullptr);
    }
    bool on_comment_part(json::string_view, json::error_code&)
    {
        return true;
    }
    bool on_comment(json::string_view, json::error_code&)
    {
        return true;
    }

    bool add(json::value scalar)
    {
        return place({line, LocatedJson::Kind::scalar, std::move(scalar)});
    }

    bool close()
    {
        LocatedJson whole = std::move(open.back());
        open.pop_back();
        return place(std::move(whole));
    }

    bool place(LocatedJson value)
    {
        if (open.empty())
        {
            top = std::move(value);
        }
        else if (open.back().kind == LocatedJson::Kind::object)
        {
            LocatedJson& member = open.back().members.back();
            value.key = std::move(member.key);
            member = std::move(value);
        }
        return true;
    }

    size_t line = 0;
    LocatedJson top{};
    std::vector<LocatedJson> open{};
    std::string text{};
};
// NOLINTEND(readability-identifier-naming)

/// @p line up to its comment. A string ends in the line that it began in, or
/// the parser objects, so each line is looked at alone.
std::string_view withoutComment(std::string_view line)
{
    bool quoted = false;
    for (size_t i = 0; i < line.size(); ++i)
    {
        if (quoted && line[i] == '\\')
        {
            ++i;
        }
        else if (line[i] == '"')
        {
            quoted = !quoted;
        }
        else if (!quoted &&
                 (line[i] == '#' || line.substr(i).starts_with("//")))
        {
            return line.substr(0, i);
        }
    }
    return line;
}

json::parse_options relaxed()
{
    json::parse_options options;
    options.allow_trailing_commas = true;
    return options;
}

} // namespace

std::string LocatedJson::shown() const
{
    switch (kind)
    {
        case Kind::object:
            return members.empty() ? "{}" : "{…}";
        case Kind::array:
            return "[…]";
        case Kind::scalar:
            break;
    }
    std::string all = json::serialize(scalar);
    constexpr size_t enough = 40;
    if (all.size() <= enough)
    {
        return all;
    }
    const size_t end = utf8End(std::string_view(all).substr(0, enough - 3));
    return fmt::format("{}...", std::string_view(all).substr(0, end));
}

Result<LocatedJson> parseLocatedJson(std::string_view text,
                                     std::string_view file)
{
    json::basic_parser<Builder> parser(relaxed());
    Builder& builder = parser.handler();
    json::error_code error;
    while (!text.empty())
    {
        ++builder.line;
        const size_t end = text.find('\n');
        const std::string line =
            fmt::format("{}\n", withoutComment(text.substr(0, end)));
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        const size_t used = parser.write_some(true, line.data(), line.size(),
                                              error);
        if (!error && used < line.size())
        {
            return fail(Errc::usage,
                        fmt::format("{}:{}: there is more after the end of "
                                    "the JSON text, at column {}",
                                    file, builder.line, used + 1),
                        "keep one object { … }");
        }
        if (error)
        {
            return fail(Errc::usage,
                        fmt::format("{}:{}: not JSON at column {}: {}", file,
                                    builder.line, used + 1, error.message()));
        }
    }
    if (!parser.done())
    {
        return fail(Errc::usage,
                    fmt::format("{}:{}: the JSON text ends too early", file,
                                std::max<size_t>(builder.line, 1)),
                    "close what is open there: } or ]");
    }
    return std::move(builder.top);
}

} // namespace vmedia::service
