// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/runner.hpp"
#include "conformance/schedule.hpp"
#include "conformance/text_report.hpp"

#include <map>
#include <string>
#include <vector>

namespace conformance
{

/// Puts what workers found, in whatever order, into the order of the cases:
/// into a Run, and before the eyes of who looks on.
class Results
{
  public:
    Results(const Selection& selection, Run& run, TextReport& report);

    void add(const Job& job, Record record);
    /// Nothing comes any more: what of the first round has no result is not
    /// tested because of @p reason.
    void close(const std::string& reason);

    /// How many were not added.
    size_t missing() const;
    unsigned roundsBegun() const
    {
        return next.round + 1;
    }

  private:
    void take(Record record);
    void takeFirst(Record record);
    void endRound();

    const Selection& selection;
    Run& run;
    TextReport& report;
    std::map<Job, Record> waiting;
    Job next{};                         ///< the first that has not been taken
    size_t done = 0;
    Counts counts;                      ///< of the area
    std::vector<std::string> differing; ///< in this round, from the first
};

/// Gives @p record what is expected of it.
void expect(const Expectations& expectations, Record& record);

} // namespace conformance
