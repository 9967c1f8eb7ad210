// SPDX-License-Identifier: Apache-2.0
#include "json_report.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/wire/wire_json.hpp"

#include <boost/json.hpp>

namespace conformance
{
namespace json = boost::json;

namespace
{

json::string text(std::string_view view)
{
    return json::string(plainText(view));
}

json::value toJson(const std::optional<Expected>& expected)
{
    if (!expected)
    {
        return nullptr;
    }
    json::array verdicts;
    for (const Outcome outcome : expected->verdicts)
    {
        verdicts.emplace_back(text(nameOf(outcome)));
    }
    return {{"verdicts", std::move(verdicts)}, {"why", text(expected->why)}};
}

json::array toJson(const std::vector<Attempt>& attempts)
{
    json::array all;
    for (const Attempt& one : attempts)
    {
        all.push_back(json::object{{"verdict", text(nameOf(one.outcome))},
                                   {"count", one.count},
                                   {"seed", one.seed},
                                   {"got", text(one.got)}});
    }
    return all;
}

json::object toJson(const Run& run, const Record& record)
{
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
        {"withheld", record.verdict.withheld},
        {"server", text(record.server)},
        {"t_start_us", record.wire.began},
        {"wire", toJson(record.wire, run.suite)},
        {"seconds", record.seconds},
        {"repeat", text(run.repeatOf(record))},
        {"expected", toJson(record.expected)},
        {"attempts", toJson(record.attempts)},
    };
}

json::object toJson(const Counts& counts)
{
    return {
        {"pass", counts.pass},
        {"fail", counts.fail},
        {"warn", counts.warn},
        {"info", counts.info},
        {"not applicable", counts.notApplicable},
        {"not tested", counts.notTested},
    };
}

} // namespace

void writeJson(const Run& run, std::ostream& out)
{
    json::array cases;
    for (const Record& record : run.records)
    {
        cases.push_back(toJson(run, record));
    }
    const json::object report{
        {"schema", text(reportSchema)},
        {"tool", "vmedia-conform"},
        {"version", text(run.version)},
        {"commit", text(run.commit)},
        {"suite", text(run.suite)},
        {"target", text(run.target)},
        {"found", text(run.found)},
        {"repeat", text(run.repeat)},
        {"seed", run.seed},
        {"rounds", run.rounds},
        {"strict", run.strict},
        {"expect", text(run.expect)},
        {"began", text(run.began)},
        {"seconds", run.seconds},
        {"error", text(run.error)},
        {"exit", static_cast<int>(run.exitCode())},
        {"counts", toJson(run.counts())},
        {"cases", std::move(cases)},
    };
    out << report << '\n';
}

std::string recordText(const Record& record)
{
    return json::serialize(toJson(Run{}, record));
}

} // namespace conformance
