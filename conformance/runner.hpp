// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/expectations.hpp"
#include "conformance/suite.hpp"

#include <ostream>
#include <vector>

namespace conformance
{

/// Where a run is told of.
struct Terminal
{
    std::ostream& out;
    std::ostream& diagnostics; ///< what hinders us
    bool colour = false;       ///< also: a person looks on
};

/// `vmedia-conform SUITE`: selects, runs and reports.
ExitCode runSuite(Suite& suite, const RunOptions& options,
                  const Terminal& terminal);

/// What is to be run, where it does not come from RunOptions alone.
struct Selection
{
    std::vector<Row> rows;
    Expectations expectations{};
};

/// The same for what was selected already. @p run gets all that was seen.
ExitCode runCases(Suite& suite, const RunOptions& options,
                  const Selection& selection, const Terminal& terminal,
                  Run& run);

/// One line for what hinders us.
void complain(std::ostream& diagnostics, const vmedia::Error& error);

} // namespace conformance
