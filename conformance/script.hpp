// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/verdict.hpp"
#include "conformance/wire/wire_log.hpp"

#include <memory>
#include <string>
#include <utility>

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
    explicit Script(std::shared_ptr<WireLog> log) : wireLog(std::move(log)) {}

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

    /// For the log: what a case means or sees beside the bytes.
    void note(std::string line)
    {
        wireLog->event(WireKind::note, 0, std::move(line));
    }
    /// What all of this goes into.
    const std::shared_ptr<WireLog>& log() const
    {
        return wireLog;
    }

  private:
    Verdict result;
    std::shared_ptr<WireLog> wireLog;
};

} // namespace conformance
