// SPDX-License-Identifier: Apache-2.0
#include "expectations.hpp"

#include "conformance/run_file.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <filesystem>

namespace conformance
{

namespace
{

constexpr size_t mostBytes = 1 << 20;
constexpr std::string_view verdictHint =
    "write pass, warn, fail, info, \"not applicable\" or \"not tested\", or a "
    "list of them";

class Reader
{
  public:
    explicit Reader(const std::string& from) : file(from) {}

    vmedia::Result<Expected> read(const toml::key& id, const toml::node& node)
    {
        const toml::table* row = node.as_table();
        if (row == nullptr)
        {
            return wrong(id.source(), id.str(), "is no table",
                         "write [\"CASE\"] with verdict and why");
        }
        Expected expected;
        for (const auto& [key, value] : *row)
        {
            if (key == "verdict")
            {
                if (!readVerdicts(value, expected))
                {
                    return wrong(value.source(), id.str(),
                                 "has a verdict that is none",
                                 std::string(verdictHint));
                }
            }
            else if (key == "why")
            {
                expected.why = value.value_or(std::string());
            }
            else
            {
                return wrong(key.source(), key.str(), "is no key here",
                             "use verdict and why");
            }
        }
        if (expected.verdicts.empty())
        {
            return wrong(id.source(), id.str(), "has no verdict",
                         std::string(verdictHint));
        }
        if (expected.why.empty())
        {
            return wrong(id.source(), id.str(), "has no reason",
                         "add why = \"...\"");
        }
        return expected;
    }

    tl::unexpected<vmedia::Error> wrong(const toml::source_region& where,
                                        std::string_view what,
                                        std::string_view why, std::string hint)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("{}:{}: '{}' {}", file,
                                        where.begin.line,
                                        vmedia::printable(what), why),
                            std::move(hint));
    }

  private:
    static bool readVerdict(const toml::node& node, Expected& expected)
    {
        const auto name = node.value<std::string_view>();
        const auto outcome = name ? outcomeOf(*name) : std::nullopt;
        if (outcome)
        {
            expected.verdicts.push_back(*outcome);
        }
        return outcome.has_value();
    }

    static bool readVerdicts(const toml::node& node, Expected& expected)
    {
        const toml::array* list = node.as_array();
        if (list == nullptr)
        {
            return readVerdict(node, expected);
        }
        for (const toml::node& one : *list)
        {
            if (!readVerdict(one, expected))
            {
                return false;
            }
        }
        return !list->empty();
    }

    const std::string& file;
};

} // namespace

vmedia::Result<Expectations>
    parseExpectations(std::string_view text, const std::string& file,
                      const std::function<bool(std::string_view)>& exists,
                      const Include& include)
{
    toml::table document;
    try
    {
        document = toml::parse(text);
    }
    catch (const toml::parse_error& error)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("{}:{}: {}", file,
                                        error.source().begin.line,
                                        error.description()));
    }
    Expectations found;
    Reader reader(file);
    for (const auto& [key, value] : document)
    {
        if (key == "include" && include)
        {
            auto more = include(value.value_or(std::string()));
            if (!more)
            {
                return tl::unexpected(more.error());
            }
            found.merge(std::move(*more)); // what this file says stays
            continue;
        }
        if (!exists(key.str()))
        {
            return reader.wrong(key.source(), key.str(), "is no case",
                                "'vmedia-conform list' shows "
                                "them all");
        }
        auto expected = reader.read(key, value);
        if (!expected)
        {
            return tl::unexpected(expected.error());
        }
        found.insert_or_assign(std::string(key.str()), std::move(*expected));
    }
    return found;
}

vmedia::Result<Expectations>
    readExpectations(const std::string& file,
                     const std::function<bool(std::string_view)>& exists)
{
    const auto text = readText(file, mostBytes);
    if (!text)
    {
        return tl::unexpected(text.error());
    }
    // One level deep, and so without a circle.
    return parseExpectations(
        *text, file, exists,
        [&](const std::string& name) -> vmedia::Result<Expectations> {
        const std::string other =
            std::filesystem::path(file).replace_filename(name);
        const auto included = readText(other, mostBytes);
        if (!included)
        {
            return tl::unexpected(included.error());
        }
        return parseExpectations(*included, other, exists);
    });
}

} // namespace conformance
