// SPDX-License-Identifier: Apache-2.0
#include "server_suite.hpp"

#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/bench.hpp"
#include "conformance/nbd/tls_target.hpp"
#include "conformance/shelf.hpp"
#include "conformance/target_choice.hpp"
#include "conformance/text_report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace conformance::nbd
{

namespace
{

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
        shelf.clear();
        keys.reset();
    }

  private:
    vmedia::Result<void> wantOneTarget() const;
    vmedia::Result<void> readModes();
    vmedia::Result<void> lookAtTarget();
    const TargetMode* modeOf(const Case& one) const;
    Plan plan() const;
    vmedia::Result<void> use(const TargetMode& mode, uint64_t seed);
    vmedia::Result<std::unique_ptr<Bench>> benchOf(const TargetMode& mode);

    TargetChoice target;
    std::optional<std::string> exportName;

    bool mayWrite = false;
    bool mayBeOneOnly = false; ///< why it did not start for several jobs
    Times times{};
    TargetProfile modes;
    std::optional<Target> there; ///< one that we did not start
    std::optional<Profile> told; ///< of that; none: not looked at yet
    std::shared_ptr<const Keys> keys;
    Shelf<TargetMode, Bench> shelf;
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
    target.addOptions(
        command,
        {.uri = "nbd://HOST[:PORT][/EXPORT] or "
                "nbd+unix:///[EXPORT]?socket=PATH; with TLS nbds and "
                "tls-psk-file=FILE or tls-certificates=DIR",
         .spawn = "Start the target with this line instead, e.g. 'nbdkit "
                  "-f -U {socket} memory 1M'; also {port}, {image}",
         .profile = "Start a server in each way that a case needs: "
                    "vmedia-nbd, nbdkit, qemu-nbd, nbd-server, or a file "
                    "such as theirs"});
    command.add_option(
        "--export", exportName,
        "The export to use; else the default or the first listed");
}

vmedia::Result<void> ServerSuite::wantOneTarget() const
{
    auto one = target.wantOne("give nbd://HOST[:PORT][/EXPORT], "
                              "nbd+unix:///[EXPORT]?socket=PATH, --spawn "
                              "'COMMAND {socket}' or --profile NAME");
    if (!one)
    {
        return one;
    }
    if (!target.profile.empty() && exportName)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            "--export is given with --profile",
                            "write export = \"…\" into the profile's modes");
    }
    return {};
}

vmedia::Result<void> ServerSuite::readModes()
{
    if (!target.profile.empty())
    {
        auto loaded = loadTargetProfile(target.profile);
        if (!loaded)
        {
            return tl::unexpected(loaded.error());
        }
        modes = std::move(*loaded);
        return {};
    }
    if (!target.spawn.empty())
    {
        modes.modes.push_back({.start = {.line = target.spawn},
                               .offers = Needs::plain,
                               .exportName = exportName});
        return {};
    }
    auto parsed = parseTarget(target.uri);
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
    mayBeOneOnly = !target.spawn.empty() && options.jobs != 1;
    times = timesOf(options.timeoutScale);
    return plan();
}

Plan ServerSuite::plan() const
{
    std::string text = target.options();
    if (exportName)
    {
        text += " --export " + shellQuoted(*exportName);
    }
    return {
        .target = target.shown(), .options = std::move(text), .starts = !there};
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
    return modes.find(target.profile.empty() ? untold(one.needs) : one.needs);
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
            inClear ? "it speaks in clear, and the target wants TLS"
            : target.profile.empty()
                ? fmt::format("it needs a target with {}{}",
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
    if (!target.profile.empty())
    {
        record.server = mode->start.line;
    }
    bench->run(one, seedOf(seed, one.id), record);
}

/// Puts the target of @p mode where cases run.
vmedia::Result<void> ServerSuite::use(const TargetMode& mode, uint64_t seed)
{
    auto used = shelf.use(
        mode, seed, [this](const TargetMode& one) { return benchOf(one); });
    bench = used ? *used : nullptr;
    return used ? vmedia::Result<void>{} : tl::unexpected(used.error());
}

vmedia::Result<std::unique_ptr<Bench>>
    ServerSuite::benchOf(const TargetMode& mode)
{
    if (there)
    {
        return std::make_unique<Bench>(*there, *told, times);
    }
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
    return std::make_unique<Bench>(mode, keys, times);
}

} // namespace

std::unique_ptr<Suite> serverSuite()
{
    return std::make_unique<ServerSuite>();
}

} // namespace conformance::nbd
