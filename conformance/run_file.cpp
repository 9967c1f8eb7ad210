// SPDX-License-Identifier: Apache-2.0
#include "run_file.hpp"

#include "conformance/json_report.hpp"
#include "conformance/wire/wire_json.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

namespace conformance
{
namespace json = boost::json;

namespace
{

constexpr size_t mostBytes = 256 << 20; // a run of the suite writes about 6 MiB

/// What is wrong with a report, thrown and caught in here only.
struct Fault
{
    std::string what;
};

const json::value& at(const json::object& object, std::string_view key)
{
    const json::value* value = object.if_contains({key.data(), key.size()});
    if (value == nullptr)
    {
        throw Fault{fmt::format("has no \"{}\"", key)};
    }
    return *value;
}

/// @p value as a T, which `if_...` gives a pointer to.
template <typename T>
const T& as(const T* value, std::string_view key, std::string_view type)
{
    if (value == nullptr)
    {
        throw Fault{fmt::format("\"{}\" is no {}", key, type)};
    }
    return *value;
}

std::string_view text(const json::object& object, std::string_view key)
{
    const json::string& value = as(at(object, key).if_string(), key, "string");
    return {value.data(), value.size()};
}

const json::array& array(const json::object& object, std::string_view key)
{
    return as(at(object, key).if_array(), key, "array");
}

double seconds(const json::object& object)
{
    const json::value& value = at(object, "seconds");
    if (!value.is_number() || value.to_number<double>() < 0)
    {
        throw Fault{"\"seconds\" is no time"};
    }
    return value.to_number<double>();
}

uint64_t number(const json::object& object, std::string_view key)
{
    const json::value& value = at(object, key);
    if (value.is_uint64())
    {
        return value.get_uint64();
    }
    if (value.is_int64() && value.get_int64() >= 0)
    {
        return static_cast<uint64_t>(value.get_int64());
    }
    throw Fault{fmt::format("\"{}\" is no number from 0 on", key)};
}

template <typename T>
T named(std::optional<T> value, std::string_view key, std::string_view name)
{
    if (!value)
    {
        throw Fault{
            fmt::format("\"{}\" cannot be '{}'", key, vmedia::printable(name))};
    }
    return *value;
}

std::optional<Expected> expected(const json::object& object)
{
    const json::value& value = at(object, "expected");
    if (value.is_null())
    {
        return std::nullopt;
    }
    const json::object& row = as(value.if_object(), "expected", "object");
    Expected found{{}, std::string(text(row, "why"))};
    for (const json::value& one : array(row, "verdicts"))
    {
        const json::string& name = as(one.if_string(), "verdicts",
                                      "array of strings");
        found.verdicts.push_back(named(outcomeOf({name.data(), name.size()}),
                                       "verdicts", {name.data(), name.size()}));
    }
    return found;
}

std::vector<Attempt> attempts(const json::object& object)
{
    std::vector<Attempt> all;
    if (!object.contains("attempts")) // before there was --repeat
    {
        return all;
    }
    for (const json::value& value : array(object, "attempts"))
    {
        const json::object& row = as(value.if_object(), "attempts",
                                     "array of objects");
        all.push_back({named(outcomeOf(text(row, "verdict")), "verdict",
                             text(row, "verdict")),
                       number(row, "count"), number(row, "seed"),
                       std::string(text(row, "got"))});
    }
    return all;
}

Record recordOf(const json::value& value)
{
    const json::object& object = as(value.if_object(), "cases",
                                    "array of objects");
    Record record{
        .id = text(object, "id"),
        .area = text(object, "area"),
        .level = named(levelOf(text(object, "level")), "level",
                       text(object, "level")),
        .spec = text(object, "spec"),
        .says = text(object, "says"),
        .sends = text(object, "sent"),
        .wants = text(object, "wanted"),
        .verdict = {named(outcomeOf(text(object, "verdict")), "verdict",
                          text(object, "verdict"))},
        .server = std::string(text(object, "server")),
        .seconds = seconds(object),
        .expected = expected(object),
        .attempts = attempts(object),
    };
    record.verdict.withheld = as(at(object, "withheld").if_bool(), "withheld",
                                 "boolean");
    record.verdict.got = text(object, "got");
    if (record.verdict.got.empty())
    {
        record.verdict.got = text(object, "reason");
    }
    auto wire = wireOf(array(object, "wire"));
    if (!wire)
    {
        throw Fault{fmt::format("'{}': {}", vmedia::printable(record.id),
                                wire.error())};
    }
    record.wire = std::move(*wire);
    record.wire.began = as(at(object, "t_start_us").if_int64(), "t_start_us",
                           "integer");
    return record;
}

Run runOf(std::shared_ptr<const json::value> document)
{
    const json::object* object = document->if_object();
    if (object == nullptr || !object->contains("schema"))
    {
        throw Fault{"is no report of vmedia-conform"};
    }
    const json::value& schema = object->at("schema");
    if (!schema.is_string() ||
        std::string_view(schema.get_string()) != reportSchema)
    {
        throw Fault{fmt::format("has the schema {}; this program reads \"{}\"",
                                json::serialize(schema), reportSchema)};
    }
    Run run{.suite = std::string(text(*object, "suite")),
            .target = std::string(text(*object, "target")),
            .found = std::string(text(*object, "found")),
            .repeat = std::string(text(*object, "repeat")),
            .seed = number(*object, "seed"),
            .rounds = object->contains("rounds")
                          ? static_cast<unsigned>(number(*object, "rounds"))
                          : 1,
            .error = std::string(text(*object, "error")),
            .strict = as(at(*object, "strict").if_bool(), "strict", "boolean"),
            .version = std::string(text(*object, "version")),
            .commit = std::string(text(*object, "commit")),
            .began = std::string(text(*object, "began")),
            .seconds = seconds(*object),
            .expect = std::string(text(*object, "expect"))};
    std::set<std::string_view> ids;
    for (const json::value& value : array(*object, "cases"))
    {
        const Record& record = run.records.emplace_back(recordOf(value));
        if (!ids.insert(record.id).second)
        {
            throw Fault{
                fmt::format("has '{}' twice", vmedia::printable(record.id))};
        }
    }
    run.kept = std::move(document);
    return run;
}

} // namespace

vmedia::Result<Run> parseRun(std::string_view text, const std::string& file)
{
    const std::string hint = "give a file that --json has written";
    boost::system::error_code error;
    auto document = std::make_shared<json::value>(
        json::parse({text.data(), text.size()}, error));
    if (error)
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("{} is no JSON: {}", file, error.message()), hint);
    }
    try
    {
        Run run = runOf(std::move(document));
        run.name = std::filesystem::path(file).stem().string();
        return run;
    }
    catch (const Fault& fault)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("{} {}", file, fault.what), hint);
    }
}

vmedia::Result<Run> readRun(const std::string& file)
{
    const auto text = readText(file, mostBytes);
    if (!text)
    {
        return tl::unexpected(text.error());
    }
    return parseRun(*text, file);
}

vmedia::Result<Record> readRecord(const json::value& value)
{
    try
    {
        return recordOf(value);
    }
    catch (const Fault& fault)
    {
        return vmedia::fail(vmedia::Errc::usage, fault.what);
    }
}

vmedia::Result<std::string> readText(const std::string& path, size_t most)
{
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string text;
    std::array<char, 1 << 16> piece{};
    while (in.good() && text.size() <= most)
    {
        // A folder opens, and fails here.
        in.read(piece.data(), piece.size());
        text.append(piece.data(), static_cast<size_t>(in.gcount()));
    }
    if (text.size() > most)
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("{} has more than {} bytes", path, most));
    }
    if (!in.eof())
    {
        auto failure =
            vmedia::failErrno(errno, fmt::format("{}: cannot read it", path));
        failure.value().code = vmedia::Errc::usage;
        return failure;
    }
    return text;
}

} // namespace conformance
