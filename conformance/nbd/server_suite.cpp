// SPDX-License-Identifier: Apache-2.0
#include "server_suite.hpp"

#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/bench.hpp"
#include "conformance/nbd/tls_target.hpp"
#include "conformance/text_report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
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

constexpr std::string_view needsAProfile =
    "; a --profile has a line for each way to start a server";

class ServerSuite : public Suite
{
  public:
    std::string_view name() const override
    {
        return "nbd-server";
    }
    std::string_view about() const override
    {
        return "Test an NBD server";
    }
    std::vector<Row> rows() const override;
    std::vector<std::string> needs(const Row& row) const override
    {
        return explain(findCase(row.id)->needs);
    }

    void addOptions(CLI::App& command) override;
    vmedia::Result<Plan> prepare(const RunOptions& options) override;
    size_t groupOf(const Row& row) const override;

    vmedia::Result<std::string> open(const std::vector<Row>& selected,
                                     uint64_t seed) override;
    void run(const Row& row, uint64_t seed, Record& record) override;
    void close() override
    {
        slots.clear();
        keys.reset();
    }

  private:
    /// A target that was started, or why it could not be.
    struct Slot
    {
        std::unique_ptr<Bench> bench{};
        std::optional<vmedia::Error> failed{};
    };

    vmedia::Result<void> wantOneTarget() const;
    vmedia::Result<void> readModes();
    vmedia::Result<void> lookAtTarget();
    const TargetMode* modeOf(const Case& one) const;
    Plan plan() const;
    vmedia::Result<void> use(const TargetMode& mode, uint64_t seed);
    vmedia::Result<void> openBench(Slot& slot, const TargetMode& mode,
                                   uint64_t seed);

    // One of these three says what is tested.
    std::string target;  ///< a URI
    std::string spawn;   ///< the line that starts the target
    std::string profile; ///< see loadTargetProfile()
    std::optional<std::string> exportName;

    bool mayWrite = false;
    bool mayBeOneOnly = false; ///< why it did not start for several jobs
    Bench::Times times{};
    TargetProfile modes;
    std::optional<Target> there; ///< one that we did not start
    std::optional<Profile> told; ///< of that; none: not looked at yet
    std::shared_ptr<const Keys> keys;
    std::map<const TargetMode*, Slot> slots;
    Bench* bench = nullptr; ///< the one that is open
};

std::vector<Row> ServerSuite::rows() const
{
    std::vector<Row> all;
    for (const Area* area : serverAreas())
    {
        for (const Case& one : area->cases)
        {
            all.push_back({one.id, area->name, one.level, one.spec, one.says,
                           one.sends, one.wants, one.writes});
        }
    }
    return all;
}

void ServerSuite::addOptions(CLI::App& command)
{
    command.add_option("target", target,
                       "nbd://HOST[:PORT][/EXPORT] or "
                       "nbd+unix:///[EXPORT]?socket=PATH; with TLS nbds and "
                       "tls-psk-file=FILE or tls-certificates=DIR");
    command.add_option("--spawn", spawn,
                       "Start the target with this line instead, e.g. 'nbdkit "
                       "-f -U {socket} memory 1M'; also {port}, {image}");
    command.add_option("--profile", profile,
                       "Start a server in each way that a case needs: "
                       "vmedia-nbd, nbdkit, qemu-nbd, nbd-server, or a file "
                       "such as theirs");
    command.add_option(
        "--export", exportName,
        "The export to use; else the default or the first listed");
}

vmedia::Result<void> ServerSuite::wantOneTarget() const
{
    const std::string* const targets[] = {&target, &spawn, &profile};
    const auto given = std::ranges::count_if(
        targets, [](const std::string* one) { return !one->empty(); });
    if (given != 1)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            given == 0 ? "no target"
                                       : "more than one of a target, --spawn "
                                         "and --profile is given",
                            "give nbd://HOST[:PORT][/EXPORT], "
                            "nbd+unix:///[EXPORT]?socket=PATH, --spawn "
                            "'COMMAND {socket}' or --profile NAME");
    }
    if (!profile.empty() && exportName)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            "--export is given with --profile",
                            "write export = \"…\" into the profile's modes");
    }
    return {};
}

vmedia::Result<void> ServerSuite::readModes()
{
    if (!profile.empty())
    {
        auto loaded = loadTargetProfile(profile);
        if (!loaded)
        {
            return tl::unexpected(loaded.error());
        }
        modes = std::move(*loaded);
        return {};
    }
    if (!spawn.empty())
    {
        modes.modes.push_back({.start = {.line = spawn},
                               .offers = Needs::plain,
                               .exportName = exportName});
        return {};
    }
    auto parsed = parseTarget(target);
    if (!parsed)
    {
        return tl::unexpected(parsed.error());
    }
    if (exportName)
    {
        parsed->exportName = exportName;
    }
    there = std::move(*parsed);
    modes.modes.push_back({.start = {}, .offers = Needs::plain});
    return {};
}

vmedia::Result<Plan> ServerSuite::prepare(const RunOptions& options)
{
    auto done = wantOneTarget();
    if (done)
    {
        done = readModes();
    }
    if (!done)
    {
        return tl::unexpected(done.error());
    }
    mayWrite = !there || options.destructive;
    mayBeOneOnly = !spawn.empty() && options.jobs != 1;
    times = {scaled(answerDeadline, options.timeoutScale),
             scaled(startDeadline, std::max(1.0, options.timeoutScale))};
    return plan();
}

Plan ServerSuite::plan() const
{
    std::string text = !profile.empty() ? "--profile " + shellQuoted(profile)
                       : spawn.empty()  ? shellQuoted(target)
                                        : "--spawn " + shellQuoted(spawn);
    if (exportName)
    {
        text += " --export " + shellQuoted(*exportName);
    }
    return {.target = !profile.empty() ? "profile " + profile
                      : spawn.empty()  ? target
                                       : spawn,
            .options = std::move(text),
            .starts = !there};
}

/// What TLS a target has that was there already: once, and in the process
/// that tests it.
vmedia::Result<void> ServerSuite::lookAtTarget()
{
    if (!there || told)
    {
        return {};
    }
    told.emplace();
    if (there->tls)
    {
        auto seen = lookAtTls(*there, times.answer);
        if (!seen)
        {
            return tl::unexpected(seen.error());
        }
        told = std::move(*seen);
        modes.modes.front().offers = told->offers;
    }
    return {};
}

/// Null if the target cannot be brought to what @p one is about.
const TargetMode* ServerSuite::modeOf(const Case& one) const
{
    return modes.find(profile.empty() ? untold(one.needs) : one.needs);
}

size_t ServerSuite::groupOf(const Row& row) const
{
    const TargetMode* mode = modeOf(*findCase(row.id));
    return mode == nullptr ? modes.modes.size()
                           : static_cast<size_t>(mode - modes.modes.data());
}

vmedia::Result<std::string> ServerSuite::open(const std::vector<Row>& selected,
                                              uint64_t seed)
{
    if (auto looked = lookAtTarget(); !looked)
    {
        return tl::unexpected(looked.error());
    }
    const TargetMode* mode = &modes.modes.front();
    for (const Row& row : selected)
    {
        if (const TargetMode* found = modeOf(*findCase(row.id)))
        {
            mode = found;
            break;
        }
    }
    if (auto used = use(*mode, seed); !used)
    {
        return tl::unexpected(used.error());
    }
    return describe(bench->found());
}

void ServerSuite::run(const Row& row, uint64_t seed, Record& record)
{
    const Case& one = *findCase(row.id);
    if (one.writes && !mayWrite)
    {
        record.verdict = withheld("would write; give --destructive");
        return;
    }
    if (const auto looked = lookAtTarget(); !looked)
    {
        record.verdict = notTested(vmedia::describe(looked.error()));
        return;
    }
    const TargetMode* mode = modeOf(one);
    if (mode == nullptr)
    {
        const bool inClear = told && covers(one.needs, Needs::plain) &&
                             covers(told->offers, Needs::tlsRequired);
        record.verdict = notApplicable(
            inClear           ? "it speaks in clear, and the target wants TLS"
            : profile.empty() ? fmt::format("it needs a target with {}{}",
                                            describe(one.needs), needsAProfile)
                              : fmt::format("the profile has no mode with {}",
                                            describe(one.needs)));
        return;
    }
    if (const auto used = use(*mode, seed); !used)
    {
        record.verdict = notTested(
            vmedia::describe(used.error()) +
            (mayBeOneOnly ? "; if only one of it can run, give --jobs 1" : ""));
        return;
    }
    if (!bench->brokenBy().empty())
    {
        record.verdict =
            notTested("the target died in case " + bench->brokenBy());
        return;
    }
    if (!profile.empty())
    {
        record.server = mode->start.line;
    }
    bench->run(one, seedOf(seed, one.id), record);
}

/// Puts the target of @p mode where cases run.
vmedia::Result<void> ServerSuite::use(const TargetMode& mode, uint64_t seed)
{
    Slot& slot = slots[&mode];
    if (slot.failed)
    {
        return tl::unexpected(*slot.failed);
    }
    if (bench != nullptr && bench == slot.bench.get() && bench->isOf(seed))
    {
        return {};
    }
    if (bench != nullptr)
    {
        std::exchange(bench, nullptr)->stop();
    }
    auto opened = openBench(slot, mode, seed);
    if (!opened)
    {
        slot.failed = opened.error();
        slot.bench.reset();
        return opened;
    }
    bench = slot.bench.get();
    return {};
}

vmedia::Result<void> ServerSuite::openBench(Slot& slot, const TargetMode& mode,
                                            uint64_t seed)
{
    if (!slot.bench && there)
    {
        slot.bench = std::make_unique<Bench>(*there, *told, times);
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
    return slot.bench->open(seed);
}

} // namespace

std::unique_ptr<Suite> serverSuite()
{
    return std::make_unique<ServerSuite>();
}

} // namespace conformance::nbd
