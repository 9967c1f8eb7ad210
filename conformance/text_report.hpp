// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <ostream>

namespace conformance
{

/// The report on a terminal, told while the run goes on: a line per case, a
/// line per area, then each failure in full and one line to sum up.
class TextReport
{
  public:
    /// @p colour only where a person looks: see wantsColour().
    TextReport(std::ostream& out, bool colour);

    void begin(const Run& run);
    void result(const Record& record);
    /// The area's cases are all told.
    void endArea(std::string_view area, const Counts& counts);
    void end(const Run& run, double seconds);

  private:
    void failure(const Run& run, const Record& record);
    std::string painted(Outcome outcome, std::string_view text) const;

    std::ostream& out;
    bool colour;
};

/// Whether stdout is a terminal that shows colours (no NO_COLOR, no "dumb").
bool wantsColour();

/// @p word as a shell has to be given it.
std::string shellQuoted(std::string_view word);

} // namespace conformance
