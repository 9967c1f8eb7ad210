// SPDX-License-Identifier: Apache-2.0
#include "html_logs.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/wire/message.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace conformance
{
namespace json = boost::json;

namespace
{

/// JSON between tags: no text of a peer's may end the element.
std::string harmless(std::string text)
{
    size_t at = 0;
    while ((at = text.find('<', at)) != text.npos)
    {
        text.replace(at, 1, "\\u003c");
    }
    return text;
}

std::string hexOf(const vmedia::nbd::Bytes& bytes)
{
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes)
    {
        fmt::format_to(std::back_inserter(hex), "{:02x}",
                       std::to_integer<unsigned>(byte));
    }
    return hex;
}

bool needsLog(const Record& record)
{
    return record.verdict.outcome == Outcome::fail ||
           record.verdict.outcome == Outcome::warn;
}

} // namespace

HtmlLogs::HtmlLogs(std::span<const Run> runs, size_t enough)
{
    size_t size = 0;
    for (const bool first : {true, false})
    {
        for (size_t i = 0; i < runs.size(); ++i)
        {
            for (const Record& record : runs[i].records)
            {
                if (record.wire.entries.empty() || needsLog(record) != first)
                {
                    continue;
                }
                Log& log = logs[&record];
                log.id = fmt::format("{}-{}", i,
                                     &record - runs[i].records.data());
                if (first || size < enough)
                {
                    log.data = encoded(record, runs[i].suite);
                    size += log.data.size();
                }
            }
        }
    }
}

std::string HtmlLogs::idOf(const Record& record) const
{
    const auto found = logs.find(&record);
    return found == logs.end() || found->second.data.empty() ? std::string()
                                                             : found->second.id;
}

bool HtmlLogs::leftOut(const Record& record) const
{
    const auto found = logs.find(&record);
    return found != logs.end() && found->second.data.empty();
}

size_t HtmlLogs::number(std::string_view text)
{
    const auto found = numbers.find(text);
    if (found != numbers.end())
    {
        return found->second;
    }
    strings.push_back(plainText(text));
    return numbers.emplace(std::string(text), strings.size() - 1).first->second;
}

/// A row for each message; the script's `render` has the order of its fields.
std::string HtmlLogs::encoded(const Record& record, std::string_view suite)
{
    json::array rows;
    for (const Message& message : decode(record.wire, suite))
    {
        json::array row{message.at,
                        message.connection,
                        json::string(nameOf(message.kind)),
                        number(message.layer),
                        number(message.title),
                        number(message.summary),
                        message.offset,
                        message.length,
                        (message.unparsed ? 1 : 0) + (message.carried ? 2 : 0),
                        json::string(hexOf(message.bytes))};
        for (const Field& field : message.fields)
        {
            row.emplace_back(number(field.name));
            row.emplace_back(number(field.value));
            row.emplace_back(field.length);
        }
        rows.push_back(std::move(row));
    }
    return harmless(json::serialize(rows));
}

void HtmlLogs::write(std::ostream& out) const
{
    const auto block = [&out](std::string_view id, std::string_view data) {
        out << fmt::format("<script type=\"application/json\" "
                           "id=\"log-{}\">{}</script>\n",
                           id, data);
    };
    json::array texts;
    for (const std::string& text : strings)
    {
        texts.emplace_back(json::string(text));
    }
    block("strings", harmless(json::serialize(texts)));
    for (const auto& [record, log] : logs)
    {
        if (!log.data.empty())
        {
            block(log.id, log.data);
        }
    }
}

} // namespace conformance
