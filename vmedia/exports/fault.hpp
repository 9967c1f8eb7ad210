// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

#include <chrono>
#include <limits>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace vmedia::exports
{

/// What a session is to do about one request.
struct Fault
{
    enum class Kind : uint8_t
    {
        none,
        delay,      ///< answer after `delay`
        error,      ///< answer with `error`, and do not do what was asked
        stall,      ///< never answer; other requests go on
        cut,        ///< close the connection instead of answering
        shortReply, ///< send `keep` bytes of the data, then close
        rate,       ///< send the answer at `bytesPerSecond`
    };
    Kind kind = Kind::none;
    std::chrono::microseconds delay{};
    int error = 0; ///< a system error number
    uint64_t keep = 0;
    uint64_t bytesPerSecond = 0;
    bool operator==(const Fault&) const = default;
};

/// The effect's word in a plan: "delay", "short".
std::string_view nameOf(Fault::Kind kind);

/// What goes wrong in a session, decided request by request. No clock and no
/// I/O in here.
///
/// Shape:   rules on lines of their own, or with ';' between them. They are
///          tried in order and the first that matches decides; a request that
///          matches none is served as it should be. '#' begins a comment.
///
///            RULE   = EFFECT [OPERATION] [RANGE] [WHEN]
///            EFFECT = delay TIME | error ERRNO | stall | cut | short
///                   | rate SIZE
///            WHEN   = at N | every N | PERCENT% | always
///
///          "delay 50ms every 10", "error EIO 1%", "error ENOSPC write 1M-2M",
///          "cut at 100", "stall at 7", "short at 3", "rate 10M".
///          OPERATION is read, write, flush, trim, zero, cache or extents;
///          without it any, but short is about reads, which have data.
///          RANGE is FROM-TO, the bytes from FROM up to TO, which is not one
///          of them; a request that touches one matches. A flush has none.
///          WHEN counts, from 1, the requests of the rule's operation and
///          range, also those that an earlier rule decides. Without it:
///          always. So `rate`, which is mostly always, belongs last.
/// Units:   TIME is a number and us, ms or s. SIZE and offsets are as
///          parseSize() reads them; rate is bytes a second. PERCENT has up to
///          4 decimals (parts per million).
/// Errors:  parse() names the rule that it rejects. A parsed plan cannot fail.
///          ERRNO is one that NBD can say ("Error values").
/// Repeat:  the same plan, seed and requests give the same faults anywhere.
///          Each rule draws for itself: one more rule leaves the others' draws.
/// Threads: none. A plan belongs to one session; copy it to reuse it.
class FaultPlan
{
  public:
    static Result<FaultPlan> parse(std::string_view text, uint64_t seed);

    /// Call once for each request, in the order of arrival.
    Fault next(Operation operation, uint64_t offset, uint64_t length);

  private:
    struct Rule
    {
        enum class When : uint8_t
        {
            always,
            at,
            every,
            rate,
        };
        Fault fault;
        std::optional<Operation> operation;
        uint64_t from = 0;
        uint64_t to = std::numeric_limits<uint64_t>::max();
        bool ranged = false;
        When when = When::always;
        uint64_t number = 0; ///< of `at` and `every`; parts per million
        uint64_t count = 0;
        std::mt19937_64 chance{};

        bool concerns(Operation asked, uint64_t offset, uint64_t length) const;
        bool due();
    };
    friend class RuleParser;

    std::vector<Rule> rules;
};

} // namespace vmedia::exports
