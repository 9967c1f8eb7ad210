// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

namespace conformance
{

Counts Run::counts() const
{
    Counts counts;
    for (const Record& record : records)
    {
        counts.add(record.verdict);
    }
    return counts;
}

ExitCode Run::exitCode() const
{
    return exitCodeOf(counts(), strict);
}

} // namespace conformance
