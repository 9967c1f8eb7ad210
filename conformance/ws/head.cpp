// SPDX-License-Identifier: Apache-2.0
#include "head.hpp"

#include "admission.hpp"

#include <boost/algorithm/string/predicate.hpp>

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr bool isTokenCharacter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) !=
               std::string_view::npos;
}

/// What no line of a head has: other control characters than the tab.
bool hasControl(std::string_view line)
{
    return std::ranges::any_of(line, [](char c) {
        return (c >= 0 && c < ' ' && c != '\t') || c == 0x7F;
    });
}

void blame(Asked& asked, std::string_view fault)
{
    if (asked.fault.empty())
    {
        asked.fault = fault;
    }
}

void readRequestLine(Asked& asked, std::string_view line)
{
    const size_t first = line.find(' ');
    const size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
    {
        blame(asked, "the request line has no three words");
        asked.request.method = line.substr(0, first);
        asked.request.version.clear();
        return;
    }
    asked.request.method = line.substr(0, first);
    asked.request.target = line.substr(first + 1, last - first - 1);
    asked.request.version = line.substr(last + 1);
    if (!isToken(asked.request.method) || asked.request.target.empty() ||
        asked.request.target.find(' ') != std::string::npos ||
        hasControl(line) || !asked.request.version.starts_with("HTTP/"))
    {
        blame(asked, "the request line is not one of HTTP/1.1");
    }
}

void readField(Asked& asked, std::string_view line)
{
    if (hasControl(line))
    {
        blame(asked, "a control character in a field");
    }
    Fields& fields = asked.request.fields;
    if (line.front() == ' ' || line.front() == '\t')
    {
        blame(asked, "a field over two lines (obs-fold)");
        if (!fields.empty())
        {
            fields.back().second += ' ';
            fields.back().second += trimmed(line);
        }
        return;
    }
    const size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    if (colon == std::string_view::npos || !isToken(name))
    {
        // "No whitespace is allowed between the field name and colon"
        blame(asked, "a field without a name");
    }
    const std::string_view value =
        colon == std::string_view::npos ? "" : line.substr(colon + 1);
    fields.emplace_back(trimmed(name), trimmed(value));
}

} // namespace

bool isToken(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, isTokenCharacter);
}

std::string_view trimmed(std::string_view text)
{
    const size_t first = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(first);
    return text.substr(0, text.find_last_not_of(" \t") + 1);
}

std::vector<std::string> split(std::string_view text, char separator)
{
    std::vector<std::string> parts;
    while (!text.empty())
    {
        const size_t end = std::min(text.find(separator), text.size());
        const std::string_view part = trimmed(text.substr(0, end));
        if (!part.empty())
        {
            parts.emplace_back(part);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::string Asked::only(std::string_view name) const
{
    const auto values = valuesOf(request.fields, name);
    return values.size() == 1 ? values.front() : std::string();
}

size_t Asked::count(std::string_view name) const
{
    return valuesOf(request.fields, name).size();
}

std::vector<std::string> Asked::list(std::string_view name) const
{
    std::vector<std::string> all;
    for (const std::string& value : valuesOf(request.fields, name))
    {
        std::ranges::move(split(value, ','), std::back_inserter(all));
    }
    return all;
}

std::string Asked::path() const
{
    std::string_view path = request.target;
    for (const std::string_view scheme :
         {"http://", "ws://", "https://", "wss://"})
    {
        if (boost::algorithm::istarts_with(path, scheme))
        {
            path.remove_prefix(scheme.size());
            path.remove_prefix(std::min(path.find('/'), path.size()));
        }
    }
    path = path.substr(0, path.find('?'));
    if (path.size() > 1 && path.ends_with('/'))
    {
        path.remove_suffix(1);
    }
    return path.empty() ? "/" : std::string(path);
}

std::optional<Asked> readHead(std::string_view bytes, size_t limit)
{
    Asked asked;
    bool first = true;
    for (size_t at = 0; at < bytes.size();)
    {
        const size_t end = bytes.find('\n', at);
        asked.tooLong = std::min(end, bytes.size()) >= limit;
        if (asked.tooLong)
        {
            asked.head = bytes.substr(0, limit);
            return asked;
        }
        if (end == std::string_view::npos)
        {
            return std::nullopt;
        }
        const bool bare = end == at || bytes[end - 1] != '\r';
        if (bare)
        {
            blame(asked, "a line that ends in LF alone");
        }
        const std::string_view line = bytes.substr(at,
                                                   end - at - (bare ? 0 : 1));
        at = end + 1;
        asked.head = bytes.substr(0, at);
        if (line.empty())
        {
            if (first)
            {
                blame(asked, "an empty line before the request");
            }
            return asked;
        }
        first ? readRequestLine(asked, line) : readField(asked, line);
        if (first && !asked.fault.empty())
        {
            return asked; // no HTTP: nobody knows where its head ends
        }
        first = false;
    }
    return std::nullopt;
}

} // namespace conformance::ws
