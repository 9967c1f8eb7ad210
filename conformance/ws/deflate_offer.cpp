// SPDX-License-Identifier: Apache-2.0
#include "deflate_offer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace conformance::ws
{

namespace
{

std::string trimmed(std::string_view text)
{
    const size_t begin = text.find_first_not_of(" \t");
    const size_t end = text.find_last_not_of(" \t");
    return begin == std::string_view::npos
               ? std::string()
               : std::string(text.substr(begin, end - begin + 1));
}

std::vector<std::string> splitAt(std::string_view text, char separator)
{
    std::vector<std::string> parts;
    for (size_t begin = 0; begin <= text.size();)
    {
        const size_t end = std::min(text.find(separator, begin), text.size());
        parts.push_back(trimmed(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return parts;
}

/// 8 to 15, without a zero in front; in quotes, perhaps.
bool isWindow(std::string_view value, int most)
{
    if (value.size() > 2 && value.front() == '"' && value.back() == '"')
    {
        value = value.substr(1, value.size() - 2);
    }
    int bits = 0;
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), bits);
    return error == std::errc() && end == value.data() + value.size() &&
           value.front() != '0' && bits >= 8 && bits <= most;
}

} // namespace

std::string faultOf(const std::vector<std::string>& fields, const Offer& offer)
{
    if (fields.size() != 1)
    {
        return fmt::format("{} fields {}", fields.size(), extensionsField);
    }
    std::string told = fmt::format("{}: {}", extensionsField, fields.front());
    std::vector<std::string> parts = splitAt(fields.front(), ';');
    if (!offer.mayAgree || parts.front() != "permessage-deflate" ||
        fields.front().find(',') != std::string::npos)
    {
        return told;
    }
    parts.erase(parts.begin());
    std::set<std::string> seen;
    for (const std::string& part : parts)
    {
        const size_t equals = part.find('=');
        const std::string name = trimmed(part.substr(0, equals));
        const std::string value = equals == std::string::npos
                                      ? std::string()
                                      : trimmed(part.substr(equals + 1));
        const bool known = ((name == "server_no_context_takeover" ||
                             name == "client_no_context_takeover") &&
                            equals == std::string::npos) ||
                           (name == "server_max_window_bits" &&
                            isWindow(value, offer.window)) ||
                           (name == "client_max_window_bits" &&
                            offer.clientWindow && isWindow(value, 15));
        if (!known || !seen.insert(name).second)
        {
            return told;
        }
    }
    const bool kept =
        (offer.window == 15 || seen.contains("server_max_window_bits")) &&
        (!offer.noTakeover || seen.contains("server_no_context_takeover"));
    return kept ? std::string() : told;
}

} // namespace conformance::ws
