// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/verdict.hpp"
#include "conformance/wire/wire.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conformance
{

/// What --expect says of a case. A case without it has to pass.
struct Expected
{
    std::vector<Outcome> verdicts; ///< any of them
    std::string why;

    bool allows(Outcome outcome) const;
};

/// In how many rounds of --repeat a case had one verdict.
struct Attempt
{
    Outcome outcome;
    uint64_t count = 1;
    uint64_t seed = 0; ///< of the first of them
    std::string got{}; ///< in that one
};

/// What a verdict means for the run.
enum class Standing : uint8_t
{
    held,      ///< nothing to object to
    tolerated, ///< a missed SHOULD, or a deviation that was expected
    skipped,   ///< not applicable or not tested
    broken,    ///< the run fails for it
};

/// What a report tells of one case. The views are of the case's own row,
/// which lives as long as the program, or of what Run::kept holds.
struct Record
{
    std::string_view id;
    std::string_view area;
    Level level;
    std::string_view spec;
    std::string_view says;
    std::string_view sends;
    std::string_view wants;
    Verdict verdict;
    Wire wire{};          ///< what went over its connections
    std::string server{}; ///< the line that started it, where there are several
    double seconds = 0;
    std::optional<Expected> expected{};
    /// By verdict, in the order in which they came. With one round: none.
    std::vector<Attempt> attempts{};

    std::string_view wanted() const
    {
        return verdict.wanted.empty() ? wants
                                      : std::string_view(verdict.wanted);
    }
};

/// What a report tells of the whole run.
struct Run
{
    std::string suite;   ///< "nbd-server"
    std::string target;  ///< the URI, or the line that started it
    std::string found;   ///< what the probe found; empty: it got nowhere
    std::string repeat;  ///< the command line but --only and --seed
    uint64_t seed = 1;   ///< of the first round; each has the next
    unsigned rounds = 1; ///< of --repeat
    std::string error{}; ///< why nothing, or not all, could be tested
    std::vector<Record> records{};
    bool strict = false;
    std::string version{}; ///< of vmedia-conform
    std::string commit{};  ///< that it was built from; empty if unknown
    std::string began{};   ///< 2026-11-21T02:34:16Z
    double seconds = 0;    ///< how long it took
    std::string expect{};  ///< the file of --expect; empty: none was given
    std::string name{};    ///< a short one, for the head of a column
    std::shared_ptr<const void> kept{}; ///< what the views of records look at

    Counts counts() const;
    ExitCode exitCode() const;
    Standing standing(const Record& record) const;
    /// Whether it is other than --expect says. Never so without --expect.
    bool unexpected(const Record& record) const;
    /// Whether rounds of --repeat had several verdicts, and --expect does not
    /// allow them all.
    bool flaky(const Record& record) const;
    /// Of the round whose story the record tells.
    uint64_t seedOf(const Record& record) const;
    /// The line that runs that one case again.
    std::string repeatOf(const Record& record) const;
};

/// Now, as Run::began has it.
std::string timeText();

/// Adds what one more round, that of @p seed, saw of the same case. The worst
/// verdict of all is the case's, with the story of the first that had it.
void addRound(Record& all, Record next, uint64_t seed);

/// "1 case", "377 cases"
std::string casesText(size_t count);

/// "fail", or "fail or warn"
std::string describe(const Expected& expected);
/// "49 pass, 1 fail"
std::string describe(const std::vector<Attempt>& attempts);

} // namespace conformance
