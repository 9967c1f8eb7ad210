// SPDX-License-Identifier: Apache-2.0
#include "json_report.hpp"

#include <boost/json.hpp>

namespace conformance
{
namespace json = boost::json;

namespace
{

constexpr int schema = 1;

json::string text(std::string_view view)
{
    return json::string(view.data(), view.size());
}

json::object toJson(const Record& record)
{
    json::array transcript;
    for (const std::string& line : record.transcript)
    {
        transcript.emplace_back(line);
    }
    const Outcome outcome = record.verdict.outcome;
    const bool skipped = outcome == Outcome::notApplicable ||
                         outcome == Outcome::notTested;
    return {
        {"id", text(record.id)},
        {"area", text(record.area)},
        {"level", text(nameOf(record.level))},
        {"verdict", text(nameOf(outcome))},
        {"reason", skipped ? text(record.verdict.got) : json::string()},
        {"sent", text(record.sends)},
        {"wanted", text(record.wanted())},
        {"got", skipped ? json::string() : text(record.verdict.got)},
        {"spec", text(record.spec)},
        {"says", text(record.says)},
        {"server", record.server},
        {"transcript", std::move(transcript)},
    };
}

} // namespace

void writeJson(const Run& run, std::ostream& out)
{
    json::array cases;
    for (const Record& record : run.records)
    {
        cases.push_back(toJson(record));
    }
    const json::object report{
        {"schema", schema},          {"suite", run.suite},
        {"target", run.target},      {"found", run.found},
        {"seed", run.seed},          {"strict", run.strict},
        {"error", run.error},        {"exit", static_cast<int>(run.exitCode())},
        {"cases", std::move(cases)},
    };
    out << report << '\n';
}

} // namespace conformance
