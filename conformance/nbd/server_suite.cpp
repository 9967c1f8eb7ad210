// SPDX-License-Identifier: Apache-2.0
#include "server_suite.hpp"

#include "conformance/commit.hpp"
#include "conformance/expectations.hpp"
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"
#include "conformance/nbd/selection.hpp"
#include "conformance/record.hpp"
#include "conformance/spawned.hpp"
#include "conformance/text_report.hpp"
#include "vmedia/version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>

namespace conformance::nbd
{

namespace
{

using std::chrono::milliseconds;
using vmedia::nbd::Info;
using vmedia::nbd::InfoExport;

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

/// One run against one target: where it is, and whether it still lives.
class Suite
{
  public:
    explicit Suite(const ServerSuiteOptions& with) :
        options(with), deadline(scaled(answerDeadline, with.timeoutScale))
    {}

    /// Starts or finds the target, and looks at what it has.
    vmedia::Result<void> open()
    {
        if (!options.spawn.empty())
        {
            if (auto started = start(); !started)
            {
                return started;
            }
        }
        else
        {
            auto target = parseTarget(options.target);
            if (!target)
            {
                return tl::unexpected(target.error());
            }
            address = target->address;
            exportName = target->exportName;
        }
        if (options.exportName)
        {
            exportName = options.exportName;
        }
        auto found = probe(address, exportName, deadline);
        if (!found)
        {
            return tl::unexpected(explained(std::move(found.error())));
        }
        if (found->requiresTls)
        {
            return vmedia::fail(vmedia::Errc::refused,
                                "the target wants TLS before anything else",
                                "test it where it listens without TLS");
        }
        profile = std::move(*found);
        return beSane();
    }

    Record run(const Selected& selected)
    {
        const Case& one = *selected.what;
        Record record{one.id,   selected.area, one.level, one.spec,
                      one.says, one.sends,     one.wants, {}};
        if (interrupted != 0 || !diedIn.empty())
        {
            record.verdict = notTested(
                interrupted != 0 ? "interrupted"
                                 : "the target died in case " + diedIn);
            return record;
        }
        if (one.writes && !spawned)
        {
            record.verdict = notTested("would write; use --spawn");
            return record;
        }
        {
            Peer peer(address, profile, deadline, seedOf(options.seed, one.id));
            if (one.start == Start::haggling)
            {
                peer.start();
            }
            // A session that did not even begin is no fault of the case.
            record.verdict = peer.stopped() ? peer.verdict() : one.run(peer);
            record.transcript = peer.transcript();
        }
        record.verdict = judged(std::move(record.verdict), one.level);
        blameIfDead(record);
        return record;
    }

    const Profile& found() const
    {
        return profile;
    }

  private:
    /// One plain visit, and a client after it: without that, each case would
    /// fail for a reason of its own.
    vmedia::Result<void> beSane()
    {
        Peer visitor(address, profile, deadline, 0);
        visitor.start();
        visitor.sendOption(vmedia::nbd::Opt::exportName, profile.exportName);
        visitor.wantBytes(InfoExport::wireSize - sizeof(Info), "an export");
        visitor.sendDisconnect();
        visitor.wantClosed();
        visitor.hangUp();
        const std::string fault = nextClient();
        if (fault.empty())
        {
            return {};
        }
        return tl::unexpected(explained(
            {vmedia::Errc::io,
             "a second client was not served: " + fault,
             {},
             "let the target serve one client after the other (qemu-nbd -t)"}));
    }

    vmedia::Error explained(vmedia::Error error)
    {
        if (const auto ended = ending())
        {
            error.what += "; the target ended with " + *ended;
        }
        return error;
    }

    vmedia::Result<void> start()
    {
        spawned.reset(); // first: two targets could share a {port}
        auto started = Spawned::start(
            options.spawn, options.seed,
            scaled(startDeadline, std::max(1.0, options.timeoutScale)));
        if (!started)
        {
            return tl::unexpected(started.error());
        }
        spawned = std::move(*started);
        address = spawned->address();
        return {};
    }

    std::optional<std::string> ending()
    {
        return spawned ? spawned->ending(deadline) : std::nullopt;
    }

    /// What is wrong with the service for a new client; nothing if it is
    /// served. A server that crashed, or that one client can wedge for all
    /// the others, shows here.
    std::string nextClient()
    {
        Peer next(address, profile, deadline, 0);
        next.connect();
        next.wantBytes(sizeof(uint64_t), "a greeting");
        return next.verdict().got;
    }

    void blameIfDead(Record& record)
    {
        const std::string fault = nextClient();
        if (fault.empty())
        {
            return;
        }
        const auto ended = ending();
        record.verdict =
            failed(fmt::format(
                       "{}the next client was not served: {}{}",
                       record.verdict.passed() ? "" : record.verdict.got + "; ",
                       fault, ended ? "; the target ended with " + *ended : ""),
                   "a server that serves the next client");
        if (!spawned || !start())
        {
            diedIn = record.id;
        }
    }

    const ServerSuiteOptions& options;
    milliseconds deadline;
    std::unique_ptr<Spawned> spawned;
    Address address;
    std::optional<std::string> exportName;
    Profile profile;
    std::string diedIn;
};

void complain(std::ostream& diagnostics, const vmedia::Error& error)
{
    diagnostics << "vmedia-conform: " << vmedia::describe(error) << '\n';
}

std::string targetText(const ServerSuiteOptions& options)
{
    std::string text = options.spawn.empty()
                           ? shellQuoted(options.target)
                           : "--spawn " + shellQuoted(options.spawn);
    if (options.exportName)
    {
        text += " --export " + shellQuoted(*options.exportName);
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
    if (auto opened = suite.open(); !opened)
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
        counts.add(record.verdict.outcome);
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
    if (options.target.empty() == options.spawn.empty())
    {
        return refuse({vmedia::Errc::usage,
                       options.target.empty()
                           ? "no target"
                           : "both a target and --spawn are given",
                       {},
                       "give nbd://HOST[:PORT][/EXPORT], "
                       "nbd+unix:///[EXPORT]?socket=PATH or --spawn 'COMMAND "
                       "{socket}'"});
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
            .target = options.spawn.empty() ? options.target : options.spawn,
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
