// SPDX-License-Identifier: Apache-2.0
#include "results.hpp"

#include <utility>

namespace conformance
{

Results::Results(const Selection& what, Run& into, TextReport& teller) :
    selection(what), run(into), report(teller)
{}

void Results::add(const Job& job, Record record)
{
    waiting.emplace(job, std::move(record));
    for (auto first = waiting.find(next); first != waiting.end();
         first = waiting.find(next))
    {
        Record ready = std::move(first->second);
        waiting.erase(first);
        take(std::move(ready));
    }
    ++done;
    report.progress(done, run.rounds * selection.rows.size());
}

void Results::close(const std::string& reason)
{
    if (next.round != 0)
    {
        // Of a later round that is not complete, what there is counts too.
        for (auto& [job, record] : waiting)
        {
            addRound(run.records[job.row], std::move(record),
                     run.seed + job.round);
        }
        return;
    }
    while (next.round == 0)
    {
        const auto found = waiting.find(next);
        Record record = recordOf(selection.rows[next.row]);
        if (found != waiting.end())
        {
            record = std::move(found->second);
        }
        else
        {
            record.verdict = notTested(reason);
        }
        take(std::move(record));
    }
}

size_t Results::missing() const
{
    return run.rounds * selection.rows.size() - done;
}

void Results::take(Record record)
{
    if (next.round == 0)
    {
        takeFirst(std::move(record));
    }
    else
    {
        Record& all = run.records[next.row];
        if (record.verdict.outcome != all.attempts.front().outcome)
        {
            differing.emplace_back(record.id);
        }
        addRound(all, std::move(record), run.seed + next.round);
    }
    if (++next.row == selection.rows.size())
    {
        endRound();
        next = {next.round + 1, 0};
    }
}

void Results::takeFirst(Record record)
{
    expect(selection.expectations, record);
    if (run.records.empty() || run.records.back().area != record.area)
    {
        report.beginArea(record.area);
    }
    report.result(record);
    counts.add(record.verdict);
    if (run.rounds > 1)
    {
        record.attempts = {
            {record.verdict.outcome, 1, run.seed, record.verdict.got}};
    }
    run.records.push_back(std::move(record));
    if (next.row + 1 == selection.rows.size() ||
        selection.rows[next.row + 1].area != run.records.back().area)
    {
        report.endArea(std::exchange(counts, {}));
    }
}

void Results::endRound()
{
    if (run.rounds > 1)
    {
        report.round(run, next.round, differing);
    }
    differing.clear();
}

void expect(const Expectations& expectations, Record& record)
{
    if (const auto found = expectations.find(record.id);
        found != expectations.end())
    {
        record.expected = found->second;
    }
}

} // namespace conformance
