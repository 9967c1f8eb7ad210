// SPDX-License-Identifier: Apache-2.0
// The text of a FaultPlan.
#include "export.hpp"
#include "fault.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>

namespace vmedia::exports
{

namespace
{

constexpr uint64_t million = 1'000'000;

constexpr std::pair<std::string_view, Operation> operations[] = {
    {"read", Operation::read},       {"write", Operation::write},
    {"flush", Operation::flush},     {"trim", Operation::trim},
    {"zero", Operation::zero},       {"cache", Operation::cache},
    {"extents", Operation::extents},
};

// "Error values"
constexpr std::pair<std::string_view, int> errorNames[] = {
    {"EPERM", EPERM},        {"EIO", EIO},
    {"ENOMEM", ENOMEM},      {"EINVAL", EINVAL},
    {"ENOSPC", ENOSPC},      {"EOVERFLOW", EOVERFLOW},
    {"ENOTSUP", EOPNOTSUPP}, {"ESHUTDOWN", ESHUTDOWN},
};

template <typename Value>
std::optional<Value> lookUp(auto& table, std::string_view name)
{
    for (const auto& [known, value] : table)
    {
        if (known == name)
        {
            return value;
        }
    }
    return std::nullopt;
}

/// All of @p text is a number that is not 0.
std::optional<uint64_t> numberOf(std::string_view text)
{
    uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    const bool good = error == std::errc{} && rest == end && value > 0;
    return good ? std::optional(value) : std::nullopt;
}

std::optional<std::chrono::microseconds> timeOf(std::string_view text)
{
    constexpr std::pair<std::string_view, uint64_t> units[] = {
        {"us", 1}, {"ms", 1000}, {"s", million}};
    for (const auto& [unit, factor] : units)
    {
        if (text.ends_with(unit))
        {
            const auto value =
                numberOf(text.substr(0, text.size() - unit.size()));
            constexpr uint64_t hour = 3600 * million; // no fault lasts longer
            if (value && *value <= hour / factor)
            {
                return std::chrono::microseconds(*value * factor);
            }
        }
    }
    return std::nullopt;
}

/// "1%", "0.5%" in parts per million.
std::optional<uint64_t> ppmOf(std::string_view text)
{
    text.remove_suffix(1); // '%'
    const size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    const std::string_view rest = point == text.npos ? ""
                                                     : text.substr(point + 1);
    if (whole.empty() || whole.size() > 3 || rest.size() > 4 ||
        (point != text.npos && rest.empty()))
    {
        return std::nullopt;
    }
    const std::string digits = fmt::format("{}{:0<4}", whole, rest);
    const auto ppm = numberOf(digits);
    return ppm && *ppm <= million ? ppm : std::nullopt;
}

std::optional<uint64_t> offsetOf(std::string_view text)
{
    if (text == "0")
    {
        return 0;
    }
    const Result<uint64_t> size = parseSize(text);
    return size ? std::optional(*size) : std::nullopt;
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t\r";
    const size_t first = text.find_first_not_of(blanks);
    return first == text.npos
               ? std::string_view{}
               : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace

/// Reads one rule, word by word.
class RuleParser
{
  public:
    using Rule = FaultPlan::Rule;

    RuleParser(std::string_view line, std::string name) :
        text(line), called(std::move(name))
    {}

    Result<Rule> parse()
    {
        const std::string_view effect = word();
        Result<void> read = readEffect(effect);
        while (read && !text.empty())
        {
            read = readClause(word());
        }
        if (!read)
        {
            return during(called, read.error());
        }
        return rule;
    }

  private:
    static tl::unexpected<Error> refuse(std::string_view seen,
                                        std::string_view what, std::string hint)
    {
        return fail(Errc::usage,
                    seen.empty() ? fmt::format("{} is missing", what)
                                 : fmt::format("'{}' is not {}", seen, what),
                    std::move(hint));
    }

    std::string_view word()
    {
        const size_t end = std::min(text.find_first_of(" \t"), text.size());
        const std::string_view first = text.substr(0, end);
        text = trimmed(text.substr(end));
        return first;
    }

    Result<void> readEffect(std::string_view effect)
    {
        using Kind = Fault::Kind;
        if (effect == "delay")
        {
            rule.fault.kind = Kind::delay;
            const std::string_view value = word();
            const auto time = timeOf(value);
            rule.fault.delay = time.value_or(std::chrono::microseconds{});
            return time ? Result<void>{}
                        : refuse(value, "a time of at most an hour",
                                 "write 500us, 50ms or 2s");
        }
        if (effect == "error")
        {
            rule.fault.kind = Kind::error;
            const std::string_view value = word();
            const auto error = lookUp<int>(errorNames, value);
            rule.fault.error = error.value_or(0);
            return error ? Result<void>{}
                         : refuse(value, "an error of NBD's",
                                  "use EPERM, EIO, ENOMEM, EINVAL, ENOSPC, "
                                  "EOVERFLOW, ENOTSUP or ESHUTDOWN");
        }
        if (effect == "rate")
        {
            rule.fault.kind = Kind::rate;
            const std::string_view value = word();
            const Result<uint64_t> rate = parseSize(value);
            rule.fault.bytesPerSecond = rate.value_or(0);
            return rate ? Result<void>{}
                        : refuse(value, "a rate in bytes a second",
                                 "write 512K, 10M or 1G");
        }
        const auto bare = lookUp<Kind>(bareEffects, effect);
        rule.fault.kind = bare.value_or(Kind::none);
        if (bare == Kind::shortReply)
        {
            rule.operation = Operation::read;
        }
        return bare ? Result<void>{}
                    : refuse(effect, "a fault",
                             "use delay TIME, error ERRNO, stall, cut, short "
                             "or rate SIZE");
    }

    Result<void> readClause(std::string_view clause)
    {
        if (const auto known = lookUp<Operation>(operations, clause))
        {
            if (rule.operation && rule.operation != known)
            {
                return fail(Errc::usage,
                            fmt::format("'{}' is a second operation", clause),
                            "write a rule for each; short is about reads");
            }
            rule.operation = known;
            return {};
        }
        if (clause.find('-') != clause.npos)
        {
            return readRange(clause);
        }
        if (timed)
        {
            return fail(Errc::usage,
                        fmt::format("'{}' is one word too many", clause),
                        "write: EFFECT OPERATION FROM-TO WHEN");
        }
        timed = true;
        return readWhen(clause);
    }

    Result<void> readRange(std::string_view clause)
    {
        const size_t dash = clause.find('-');
        const auto from = offsetOf(clause.substr(0, dash));
        const auto to = offsetOf(clause.substr(dash + 1));
        if (rule.ranged || !from || !to || *from >= *to)
        {
            return refuse(clause, "the one range of a rule",
                          "write FROM-TO, as in 0-4K or 1M-2M");
        }
        rule.from = *from;
        rule.to = *to;
        rule.ranged = true;
        return {};
    }

    Result<void> readWhen(std::string_view clause)
    {
        using When = Rule::When;
        std::optional<uint64_t> number = 1;
        std::string_view seen = clause;
        if (clause == "always")
        {
            rule.when = When::always;
        }
        else if (clause == "at" || clause == "every")
        {
            rule.when = clause == "at" ? When::at : When::every;
            seen = word();
            number = numberOf(seen);
        }
        else if (clause.ends_with('%'))
        {
            rule.when = When::rate;
            number = ppmOf(clause);
        }
        else
        {
            return refuse(clause, "an operation, a range or a time of a rule",
                          "write read, 1M-2M, at 7, every 10, 1% or always");
        }
        rule.number = number.value_or(0);
        return number ? Result<void>{}
                      : refuse(seen, "how often",
                               "write at 7, every 10, or 0.0001% to 100%");
    }

    static constexpr std::pair<std::string_view, Fault::Kind> bareEffects[] = {
        {"stall", Fault::Kind::stall},
        {"cut", Fault::Kind::cut},
        {"short", Fault::Kind::shortReply},
    };

    std::string_view text;
    std::string called;
    Rule rule{};
    bool timed = false;
};

Result<FaultPlan> FaultPlan::parse(std::string_view text, uint64_t seed)
{
    FaultPlan plan;
    while (!text.empty())
    {
        const size_t end = std::min(text.find_first_of(";\n"), text.size());
        std::string_view rule = text.substr(0, end);
        // A comment goes to the end of its line, past any ';'.
        if (const size_t hash = rule.find('#'); hash != rule.npos)
        {
            rule = rule.substr(0, hash);
            text.remove_prefix(std::min(text.find('\n', hash), text.size()));
        }
        else
        {
            text.remove_prefix(end);
        }
        text.remove_prefix(text.empty() ? 0 : 1);
        rule = trimmed(rule);
        if (rule.empty())
        {
            continue;
        }
        const size_t number = plan.rules.size() + 1;
        auto parsed =
            RuleParser(rule, fmt::format("rule {} '{}'", number, rule)).parse();
        if (!parsed)
        {
            return tl::unexpected(parsed.error());
        }
        std::seed_seq words{seed >> 32, seed & 0xffffffff, uint64_t{number}};
        parsed->chance.seed(words);
        plan.rules.push_back(*parsed);
    }
    return plan;
}

} // namespace vmedia::exports
