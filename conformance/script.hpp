// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/verdict.hpp"

#include <string>
#include <utility>
#include <vector>

namespace conformance
{

/// The thread of a case: what is wanted, step by step.
///
/// Shape:  the first thing that is not as wanted is the verdict, and from then
///         on all steps do nothing, so that a case reads as a straight line.
/// Errors: none: whatever the target does becomes a verdict.
class Script
{
  public:
    const Verdict& verdict() const
    {
        return result;
    }
    bool stopped() const
    {
        return result.outcome != Outcome::pass;
    }
    void conclude(Verdict verdict)
    {
        if (!stopped())
        {
            result = std::move(verdict);
        }
    }
    /// Any condition; @p got tells what was seen instead.
    void want(bool condition, std::string got, std::string wanted = {})
    {
        if (!condition)
        {
            conclude(failed(std::move(got), std::move(wanted)));
        }
    }

    /// What happened, a line each: "->" is what we sent, "<-" what came.
    const std::vector<std::string>& transcript() const
    {
        return lines;
    }
    void note(std::string line)
    {
        lines.push_back(std::move(line));
    }

  private:
    Verdict result;
    std::vector<std::string> lines;
};

} // namespace conformance
