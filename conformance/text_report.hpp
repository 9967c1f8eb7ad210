// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>

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
    void end(const Run& run, double seconds);

  private:
    void failure(const Run& run, const Record& record);
    void notTested(const Run& run, const Record& first);
    void expectations(const Run& run);
    std::string painted(Outcome outcome, std::string_view text) const;

    std::ostream& out;
    bool colour;
};

/// Whether stdout is a terminal that shows colours (no NO_COLOR, no "dumb").
bool wantsColour();

/// @p word as a shell has to be given it.
std::string shellQuoted(std::string_view word);

} // namespace conformance
