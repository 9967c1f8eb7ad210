// SPDX-License-Identifier: Apache-2.0
#include "export_file.hpp"

#include "vmedia/error/text.hpp"
#include "wire.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace vmedia::nbd
{

namespace
{

constexpr size_t fileMax = 1 << 20;
constexpr size_t exportsMax = 1000;

/// A value as its author sees it, on one line.
std::string shown(const toml::node& node)
{
    std::ostringstream out;
    node.visit([&out](const auto& value) { out << value; });
    std::string line = node.is_table() ? fmt::format("{{ {} }}", out.str())
                                       : out.str();
    std::ranges::replace(line, '\n', ' ');
    constexpr size_t enough = 64;
    return line.size() > enough ? fmt::format("{:.{}}...", line, enough) : line;
}

class Reading
{
  public:
    explicit Reading(const std::string& name) : file(name) {}

    Result<std::vector<ExportWish>> read(std::string_view text)
    {
        toml::table document;
        try
        {
            document = toml::parse(text);
        }
        catch (const toml::parse_error& error)
        {
            return fail(Errc::usage,
                        fmt::format("{}:{}: {}", file,
                                    error.source().begin.line,
                                    printable(error.description(), 200)),
                        "see toml.io for how TOML is written");
        }
        for (const auto& [key, value] : document)
        {
            if (key.str() != "export" && key.str() != "default")
            {
                return unknown(key, value, "default and [[export]]");
            }
        }
        if (Result<void> done = readExports(document.get("export")); !done)
        {
            return tl::unexpected(done.error());
        }
        if (Result<void> done = readDefault(document.get("default")); !done)
        {
            return tl::unexpected(done.error());
        }
        return std::move(wishes);
    }

  private:
    using Step = tl::unexpected<Error>;

    std::string at(const toml::node& node) const
    {
        return fmt::format("{}:{}", file, node.source().begin.line);
    }

    /// "exports.toml:7: readonly = 3 is no boolean; write true or false"
    Step wrong(std::string_view key, const toml::node& value,
               std::string_view why, std::string hint) const
    {
        return fail(
            Errc::usage,
            fmt::format("{}: {} = {} {}", at(value), key, shown(value), why),
            std::move(hint));
    }

    Step unknown(const toml::key& key, const toml::node& value,
                 std::string_view known) const
    {
        return fail(Errc::usage,
                    fmt::format("{}:{}: {} = {}: there is no such key", file,
                                key.source().begin.line, printable(key.str()),
                                shown(value)),
                    fmt::format("use: {}", known));
    }

    Result<void> readExports(const toml::node* node)
    {
        if (node == nullptr)
        {
            return fail(Errc::usage, fmt::format("{}: no export in it", file),
                        "write [[export]], name = \"...\" and serve = "
                        "[\"file\", \"disk.img\"]");
        }
        const toml::array* tables = node->as_array();
        if (tables == nullptr || !tables->is_homogeneous<toml::table>())
        {
            return fail(Errc::usage,
                        fmt::format("{}: export = {} is no list of tables",
                                    at(*node), shown(*node)),
                        "write [[export]], in two pairs of brackets");
        }
        if (tables->size() > exportsMax)
        {
            return fail(Errc::usage,
                        fmt::format("{}: {} exports; {} can be served", file,
                                    tables->size(), exportsMax),
                        "use more than one server");
        }
        for (const toml::node& each : *tables)
        {
            if (Result<void> done = readExport(*each.as_table()); !done)
            {
                return done;
            }
        }
        return {};
    }

    Result<void> readExport(const toml::table& table)
    {
        ExportWish wish;
        for (const auto& [key, value] : table)
        {
            Result<void> done;
            if (key.str() == "name")
            {
                done = readString(key, value, wish.name);
            }
            else if (key.str() == "description")
            {
                done = readString(key, value, wish.description);
            }
            else if (key.str() == "serve")
            {
                done = readServe(value, wish);
            }
            else if (key.str() == "readonly")
            {
                done = readFlag(key, value, wish.readOnly);
            }
            else if (key.str() == "tls-only")
            {
                done = readFlag(key, value, wish.tlsOnly);
            }
            else
            {
                done = unknown(key, value,
                               "name, serve, description, readonly, tls-only");
            }
            if (!done)
            {
                return done;
            }
        }
        for (const char* needed : {"name", "serve"})
        {
            if (!table.contains(needed))
            {
                return fail(Errc::usage,
                            fmt::format("{}: this [[export]] has no {}",
                                        at(table), needed),
                            "write name = \"disk\" and serve = [\"file\", "
                            "\"disk.img\"]");
            }
        }
        for (const ExportWish& other : wishes)
        {
            if (other.name == wish.name)
            {
                return wrong("name", *table.get("name"),
                             fmt::format("is the name of the export at {}, too",
                                         other.place),
                             "give each export a name of its own");
            }
        }
        wish.place = at(*table.get("serve"));
        wishes.push_back(std::move(wish));
        return {};
    }

    Result<void> readString(const toml::key& key, const toml::node& value,
                            std::string& into) const
    {
        const auto* text = value.as_string();
        if (text == nullptr)
        {
            return wrong(key.str(), value, "is no string",
                         "put it in quotation marks");
        }
        if (const std::string why = stringTrouble(text->get()); !why.empty())
        {
            return wrong(key.str(), value, why,
                         "write at most 4096 bytes, and no \\u0000");
        }
        into = text->get();
        return {};
    }

    Result<void> readFlag(const toml::key& key, const toml::node& value,
                          bool& into) const
    {
        const auto* flag = value.as_boolean();
        if (flag == nullptr)
        {
            return wrong(key.str(), value, "is no boolean",
                         "write true or false, without quotation marks");
        }
        into = flag->get();
        return {};
    }

    Result<void> readServe(const toml::node& value, ExportWish& wish) const
    {
        const toml::array* words = value.as_array();
        if (words == nullptr || words->empty() ||
            !words->is_homogeneous<std::string>())
        {
            return wrong("serve", value, "is no list of words",
                         "write it as on the command line: serve = [\"file\", "
                         "\"disk.img\"]");
        }
        for (const toml::node& word : *words)
        {
            wish.parameters.push_back(word.as_string()->get());
        }
        wish.plugin = wish.parameters.front();
        wish.parameters.erase(wish.parameters.begin());
        return {};
    }

    Result<void> readDefault(const toml::node* node)
    {
        if (node == nullptr)
        {
            return {};
        }
        const auto* name = node->as_string();
        if (name == nullptr)
        {
            return wrong("default", *node, "is no string",
                         "put the name of an export in quotation marks");
        }
        const auto found = std::ranges::find(wishes, name->get(),
                                             &ExportWish::name);
        if (found == wishes.end())
        {
            return wrong("default", *node, "is the name of no export here",
                         fmt::format("use one of them, such as \"{}\"",
                                     printable(wishes.front().name)));
        }
        if (std::ranges::find(wishes, "", &ExportWish::name) != wishes.end() &&
            !found->name.empty())
        {
            return wrong("default", *node, "but another export is named \"\"",
                         "give that one another name, or leave default out");
        }
        found->byDefault = true;
        return {};
    }

    const std::string& file;
    std::vector<ExportWish> wishes{};
};

} // namespace

Result<std::vector<ExportWish>> parseExportFile(std::string_view text,
                                                const std::string& file)
{
    return Reading(file).read(text);
}

Result<std::vector<ExportWish>> loadExportFile(const std::string& file)
{
    std::string text(fileMax + 1, '\0');
    std::ifstream in(file);
    if (!in || !in.read(text.data(), fileMax + 1).eof())
    {
        return in ? fail(Errc::usage,
                         fmt::format("{}: is larger than 1 MiB", file),
                         "give --exports a file of [[export]] tables")
                  : failErrno(errno, file,
                              "give --exports a file that can be read");
    }
    text.resize(static_cast<size_t>(in.gcount()));
    return parseExportFile(text, file);
}

std::string stringTrouble(std::string_view text)
{
    if (text.size() > stringMax)
    {
        return fmt::format("has {} bytes; {} is the protocol's limit",
                           text.size(), stringMax);
    }
    if (text.find('\0') != text.npos)
    {
        return "has a NUL in it";
    }
    if (const size_t end = utf8End(text); end < text.size())
    {
        return fmt::format("is no UTF-8 at byte {}", end);
    }
    return {};
}

} // namespace vmedia::nbd
