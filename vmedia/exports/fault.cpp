// SPDX-License-Identifier: Apache-2.0
#include "fault.hpp"

namespace vmedia::exports
{

namespace
{

constexpr uint64_t million = 1'000'000;

} // namespace

std::string_view nameOf(Fault::Kind kind)
{
    switch (kind)
    {
        case Fault::Kind::none:
            return "none";
        case Fault::Kind::delay:
            return "delay";
        case Fault::Kind::error:
            return "error";
        case Fault::Kind::stall:
            return "stall";
        case Fault::Kind::cut:
            return "cut";
        case Fault::Kind::shortReply:
            return "short";
        case Fault::Kind::rate:
            return "rate";
    }
    return "?"; // a Kind that has no name: cast from an integer
}

bool FaultPlan::Rule::concerns(Operation asked, uint64_t offset,
                               uint64_t length) const
{
    if (operation && *operation != asked)
    {
        return false;
    }
    // `from - offset` where it is positive: offset + length may overflow.
    const bool touches = offset < to &&
                         (offset >= from ? length > 0 : from - offset < length);
    return !ranged || (asked != Operation::flush && touches);
}

bool FaultPlan::Rule::due()
{
    ++count;
    switch (when)
    {
        case When::always:
            return true;
        case When::at:
            return count == number;
        case When::every:
            return count % number == 0;
        case When::rate:
            // The standard defines what this engine gives for a seed, but not
            // what its distributions give: so none is used.
            return chance() % million < number;
    }
    return false;
}

Fault FaultPlan::next(Operation operation, uint64_t offset, uint64_t length)
{
    Fault decided;
    bool found = false;
    for (Rule& rule : rules)
    {
        // Counts and draws go on behind the rule that decides.
        if (!rule.concerns(operation, offset, length) || !rule.due() || found)
        {
            continue;
        }
        found = true;
        decided = rule.fault;
        if (decided.kind == Fault::Kind::shortReply && length > 0)
        {
            decided.keep = rule.chance() % length;
        }
    }
    return decided;
}

} // namespace vmedia::exports
