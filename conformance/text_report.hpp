// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace conformance
{

/// The report on a terminal, told while the run goes on: a line per
/// case under its area, with the area's counts; then each failure in full and
/// one line to sum up.
class TextReport
{
  public:
    /// @p colour only where a person looks: see wantsColour().
    TextReport(std::ostream& out, bool colour);

    void begin(const Run& run);
    void beginArea(std::string_view area);
    void result(const Record& record);
    void endArea(const Counts& counts);
    /// @p number, from 0 on, is over; in @p differing the verdict was not that
    /// of the first round.
    void round(const Run& run, unsigned number,
               const std::vector<std::string>& differing);
    /// How far the run is, on a line that the next one takes the place of.
    /// Only where a person looks.
    void progress(size_t done, size_t total);
    void end(const Run& run, double seconds);

  private:
    void failure(const Run& run, const Record& record);
    void notTested(const Run& run, const Record& first);
    void expectations(const Run& run);
    void flaky(const Run& run);
    std::ostream& fresh();
    std::string painted(Outcome outcome, std::string_view text) const;

    std::ostream& out;
    bool colour;
    bool unfinished = false; ///< the line of progress() is there
};

/// Whether stdout is a terminal that shows colours (no NO_COLOR, no "dumb").
bool wantsColour();

/// @p word as a shell has to be given it.
std::string shellQuoted(std::string_view word);

} // namespace conformance
