// SPDX-License-Identifier: Apache-2.0
#include "server_suite.hpp"

#include "conformance/commit.hpp"
#include "conformance/expectations.hpp"
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/bench.hpp"
#include "conformance/nbd/selection.hpp"
#include "conformance/nbd/tls_target.hpp"
#include "conformance/record.hpp"
#include "conformance/text_report.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>

namespace conformance::nbd
{

namespace
{

using std::chrono::milliseconds;

/// Long enough for a loaded machine, short enough to wait for many hangs.
constexpr milliseconds answerDeadline{3000};
/// A program has to load its libraries first.
constexpr milliseconds startDeadline{10000};

milliseconds scaled(milliseconds time, double scale)
{
    return milliseconds(static_cast<milliseconds::rep>(
        static_cast<double>(time.count()) * scale));
}

/// A case draws the same whether it runs alone or among the others (FNV-1a).
uint64_t seedOf(uint64_t seed, std::string_view id)
{
    uint64_t hash = 0xcbf29ce484222325 ^ seed;
    for (const char c : id)
    {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return hash;
}

/// A handler can reach nothing else.
volatile std::sig_atomic_t interrupted = 0;

/// SIGINT and SIGTERM end the run after the case in hand, so that the report
/// is written and what was started is ended.
void catchInterrupts()
{
    struct sigaction action{};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags =
        static_cast<int>(SA_RESETHAND); // a second one ends us at once
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

constexpr std::string_view needsAProfile =
    "; a --profile has a line for each way to start a server";

/// One run against one target, or against a server that is started in the
/// several ways of a profile: one at a time, as the cases need it.
class Suite
{
  public:
    explicit Suite(const ServerSuiteOptions& with) :
        options(with),
        times{scaled(answerDeadline, with.timeoutScale),
              scaled(startDeadline, std::max(1.0, with.timeoutScale)),
              with.seed}
    {}

    /// Finds out what there is to test: for the first of @p selected that can
    /// be tested, for the report begins with it.
    vmedia::Result<void> open(const std::vector<Selected>& selected)
    {
        auto modes = modesOf();
        if (!modes)
        {
            return tl::unexpected(modes.error());
        }
        profile = std::move(*modes);
        if (!options.target.empty())
        {
            auto target = parseTarget(options.target);
            if (!target)
            {
                return tl::unexpected(target.error());
            }
            if (options.exportName)
            {
                target->exportName = options.exportName;
            }
            if (target->tls)
            {
                auto seen = lookAtTls(*target, times.answer);
                if (!seen)
                {
                    return tl::unexpected(seen.error());
                }
                told = std::move(*seen);
            }
            there = std::move(*target);
            profile.modes.push_back({.start = {}, .offers = told.offers});
        }
        for (const Selected& one : selected)
        {
            if (const TargetMode* mode = profile.find(neededBy(*one.what)))
            {
                return use(*mode);
            }
        }
        return use(profile.modes.front());
    }

    Record run(const Selected& selected)
    {
        const Case& one = *selected.what;
        Record record{one.id,   selected.area, one.level, one.spec,
                      one.says, one.sends,     one.wants, {}};
        if (interrupted != 0)
        {
            record.verdict = notTested("interrupted");
            return record;
        }
        if (one.writes && there && !options.destructive)
        {
            record.verdict = withheld("would write; give --destructive");
            return record;
        }
        const TargetMode* mode = profile.find(neededBy(one));
        if (mode == nullptr)
        {
            const bool secured = covers(told.offers, Needs::tlsRequired);
            record.verdict = notApplicable(
                secured && covers(one.needs, Needs::plain)
                    ? "it speaks in clear, and the target wants TLS"
                : options.profile.empty()
                    ? fmt::format("it needs a target with {}{}",
                                  describe(one.needs), needsAProfile)
                    : fmt::format("the profile has no mode with {}",
                                  describe(one.needs)));
            return record;
        }
        if (const auto used = use(*mode); !used)
        {
            record.verdict = notTested(vmedia::describe(used.error()));
            return record;
        }
        if (!bench->brokenBy().empty())
        {
            record.verdict =
                notTested("the target died in case " + bench->brokenBy());
            return record;
        }
        if (!options.profile.empty())
        {
            record.server = mode->start.line;
        }
        bench->run(one, seedOf(options.seed, one.id), record);
        return record;
    }

    const Profile& found() const
    {
        return bench->found();
    }

  private:
    Needs neededBy(const Case& one) const
    {
        return options.profile.empty() ? untold(one.needs) : one.needs;
    }

    vmedia::Result<TargetProfile> modesOf() const
    {
        if (!options.profile.empty())
        {
            return loadTargetProfile(options.profile);
        }
        TargetProfile one;
        if (!options.spawn.empty())
        {
            one.modes.push_back({.start = {.line = options.spawn},
                                 .offers = Needs::plain,
                                 .exportName = options.exportName});
        }
        return one;
    }

    /// Puts the target of @p mode where cases run.
    vmedia::Result<void> use(const TargetMode& mode)
    {
        Slot& slot = benches[&mode];
        if (bench != nullptr && bench == slot.bench.get())
        {
            return {};
        }
        if (slot.failed)
        {
            return tl::unexpected(*slot.failed);
        }
        if (bench != nullptr)
        {
            std::exchange(bench, nullptr)->stop();
        }
        auto opened = openBench(slot, mode);
        if (!opened)
        {
            slot.failed = opened.error();
            slot.bench.reset();
            return opened;
        }
        bench = slot.bench.get();
        return {};
    }

    struct Slot
    {
        std::unique_ptr<Bench> bench{};
        std::optional<vmedia::Error> failed{};
    };

    vmedia::Result<void> openBench(Slot& slot, const TargetMode& mode)
    {
        if (!slot.bench && there)
        {
            slot.bench = std::make_unique<Bench>(*there, told, times);
        }
        if (!slot.bench)
        {
            const std::string all = mode.start.line + mode.start.config;
            if (!keys && (all.find("{pki}") != std::string::npos ||
                          all.find("{psk}") != std::string::npos))
            {
                auto made = Keys::make();
                if (!made)
                {
                    return tl::unexpected(made.error());
                }
                keys = std::move(*made);
            }
            slot.bench = std::make_unique<Bench>(mode, keys, times);
        }
        return slot.bench->open();
    }

    const ServerSuiteOptions& options;
    Bench::Times times;
    TargetProfile profile;
    std::optional<Target> there; ///< one that we did not start
    Profile told;                ///< of that
    std::shared_ptr<const Keys> keys;
    std::map<const TargetMode*, Slot> benches;
    Bench* bench = nullptr;
};

void complain(std::ostream& diagnostics, const vmedia::Error& error)
{
    diagnostics << "vmedia-conform: " << vmedia::describe(error) << '\n';
}

std::string targetText(const ServerSuiteOptions& options)
{
    std::string text = !options.profile.empty()
                           ? "--profile " + shellQuoted(options.profile)
                       : options.spawn.empty()
                           ? shellQuoted(options.target)
                           : "--spawn " + shellQuoted(options.spawn);
    if (options.exportName)
    {
        text += " --export " + shellQuoted(*options.exportName);
    }
    if (options.destructive)
    {
        text += " --destructive";
    }
    return text;
}

double secondsSince(std::chrono::steady_clock::time_point began)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         began)
        .count();
}

void expect(const Expectations& expectations, Record& record)
{
    if (const auto found = expectations.find(record.id);
        found != expectations.end())
    {
        record.expected = found->second;
    }
}

/// Runs what was selected, if the target could be opened.
vmedia::Result<void> carryOut(const std::vector<Selected>& selected,
                              const Expectations& expectations, Suite& suite,
                              Run& run, TextReport& report)
{
    if (auto opened = suite.open(selected); !opened)
    {
        run.error = vmedia::describe(opened.error());
        for (const Selected& one : selected)
        {
            const Case& row = *one.what;
            run.records.push_back({row.id, one.area, row.level, row.spec,
                                   row.says, row.sends, row.wants,
                                   notTested(run.error)});
            expect(expectations, run.records.back());
        }
        return opened;
    }
    run.found = describe(suite.found());
    report.begin(run);
    Counts counts;
    std::string_view area;
    for (const Selected& one : selected)
    {
        if (area != one.area)
        {
            if (!area.empty())
            {
                report.endArea(std::exchange(counts, {}));
            }
            area = one.area;
            report.beginArea(area);
        }
        const auto began = std::chrono::steady_clock::now();
        Record& record = run.records.emplace_back(suite.run(one));
        record.seconds = secondsSince(began);
        expect(expectations, record);
        report.result(record);
        counts.add(record.verdict);
    }
    report.endArea(counts);
    return {};
}

} // namespace

ExitCode runServerSuite(const ServerSuiteOptions& options, std::ostream& out,
                        std::ostream& diagnostics, bool colour)
{
    const auto refuse = [&](const vmedia::Error& error) {
        complain(diagnostics, error);
        return exitUsage;
    };
    const std::string* const targets[] = {&options.target, &options.spawn,
                                          &options.profile};
    const auto given = std::ranges::count_if(
        targets, [](const std::string* one) { return !one->empty(); });
    if (given != 1)
    {
        return refuse({vmedia::Errc::usage,
                       given == 0 ? "no target"
                                  : "more than one of a target, --spawn and "
                                    "--profile is given",
                       {},
                       "give nbd://HOST[:PORT][/EXPORT], "
                       "nbd+unix:///[EXPORT]?socket=PATH, --spawn 'COMMAND "
                       "{socket}' or --profile NAME"});
    }
    if (!options.profile.empty() && options.exportName)
    {
        return refuse({vmedia::Errc::usage,
                       "--export is given with --profile",
                       {},
                       "write export = \"…\" into the profile's modes"});
    }
    const auto selected = select(options);
    if (!selected)
    {
        return refuse(selected.error());
    }
    Expectations expectations;
    if (!options.expect.empty())
    {
        const auto exists = [](std::string_view id) {
            return std::ranges::any_of(
                casesLike({}), [id](const Case* one) { return one->id == id; });
        };
        auto read = readExpectations(options.expect, exists);
        if (!read)
        {
            return refuse(read.error());
        }
        expectations = std::move(*read);
    }
    if (const auto opened = openReports(options.reports); !opened)
    {
        complain(diagnostics, opened.error());
        return opened.error().code == vmedia::Errc::usage ? exitUsage
                                                          : exitNotTested;
    }
    Run run{.suite = "nbd-server",
            .target = !options.profile.empty() ? "profile " + options.profile
                      : options.spawn.empty()  ? options.target
                                               : options.spawn,
            .found = {},
            .repeat = "vmedia-conform nbd-server " + targetText(options),
            .seed = options.seed,
            .strict = options.strict,
            .version = vmedia::version,
            .commit = commit,
            .began = timeText(),
            .expect = options.expect};
    catchInterrupts();
    const auto began = std::chrono::steady_clock::now();
    TextReport report(out, colour);
    Suite suite(options);
    const auto opened = carryOut(*selected, expectations, suite, run, report);
    run.seconds = secondsSince(began);
    if (opened)
    {
        report.end(run, run.seconds);
    }
    const auto written = writeReports(options.reports, run);
    if (!opened)
    {
        complain(diagnostics, opened.error());
    }
    if (!written)
    {
        complain(diagnostics, written.error());
        return exitNotTested;
    }
    if (!opened)
    {
        return opened.error().code == vmedia::Errc::usage ? exitUsage
                                                          : exitNotTested;
    }
    return run.exitCode();
}

} // namespace conformance::nbd
