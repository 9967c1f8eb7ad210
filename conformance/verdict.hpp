// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conformance
{

/// How binding a case is. The spec's own word where there is one.
enum class Level : uint8_t
{
    must,
    should,
    may,        ///< the spec leaves it open: recorded, never judged
    robustness, ///< no sentence: a peer has to survive it and stay in step
};

/// Who is tested.
enum class Subject : uint8_t
{
    server,
    client,
};

enum class Outcome : uint8_t
{
    pass,
    warn,          ///< a SHOULD was missed
    fail,
    notApplicable, ///< the target has not the thing that the case is about
    notTested,     ///< it could not be tried
    info,          ///< what the target does where the spec leaves a choice
};

/// What came of a case. Only `pass` is a pass.
struct Verdict
{
    Outcome outcome = Outcome::pass;
    std::string got{};     ///< what was seen; for a skip, the reason
    std::string wanted{};  ///< at that step; empty: what the case wants
    bool withheld = false; ///< not tested, for we were not told that we may

    bool passed() const
    {
        return outcome == Outcome::pass || outcome == Outcome::info;
    }
};

Verdict passed();
Verdict failed(std::string got, std::string wanted = {});
Verdict notApplicable(std::string reason);
Verdict notTested(std::string reason);
/// Not tested either, but that is how the user wanted it.
Verdict withheld(std::string reason);
Verdict noted(std::string got);

/// A missed SHOULD is a warning: only here do level and verdict meet.
Verdict judged(Verdict verdict, Level level);

struct Counts
{
    int pass = 0;
    int warn = 0;
    int fail = 0;
    int notApplicable = 0;
    int notTested = 0;
    int withheld = 0; ///< so many of those
    int info = 0;

    void add(const Verdict& verdict);
    int judged() const
    {
        return pass + warn + fail + info;
    }
};

/// "12 pass, 1 fail": what is zero is left out.
std::string describe(const Counts& counts);

enum ExitCode : int
{
    exitConforms = 0,
    exitViolates = 1,
    exitUsage = 2,
    exitNotTested = 3,
};

/// What a whole run comes to. With @p strict a missed SHOULD counts too. What
/// was withheld does not count: the rest conforms, or does not.
ExitCode exitCodeOf(const Counts& counts, bool strict);

std::string_view nameOf(Level level);
/// "pass", "not applicable" …, as in the JSON report
std::string_view nameOf(Outcome outcome);
/// The other way round; none for a word that is no name.
std::optional<Level> levelOf(std::string_view name);
std::optional<Outcome> outcomeOf(std::string_view name);

} // namespace conformance
