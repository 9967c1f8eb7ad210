// SPDX-License-Identifier: Apache-2.0
#include "server_suite.hpp"

#include "conformance/shelf.hpp"
#include "conformance/target_choice.hpp"
#include "conformance/text_report.hpp"
#include "conformance/ws/access.hpp"
#include "conformance/ws/all_cases.hpp"
#include "conformance/ws/bench.hpp"
#include "conformance/ws/logins.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>

namespace conformance::ws
{

namespace
{

/// One way to have the target.
struct Mode
{
    Profile told{};
    std::optional<StartLine> how{}; ///< none: it is there already
};

class ServerSuite : public Suite
{
  public:
    std::string_view name() const override
    {
        return "ws-server";
    }
    std::string_view about() const override
    {
        return "Test a WebSocket server";
    }
    std::vector<Row> rows() const override;
    std::vector<std::string> needs(const Row& row) const override;

    void addOptions(CLI::App& command) override;
    vmedia::Result<Plan> prepare(const RunOptions& options) override;
    size_t groupOf(const Row& row) const override
    {
        return static_cast<size_t>(modeOf(*findCase(row.id)) - modes.data());
    }

    vmedia::Result<std::string> open(const std::vector<Row>& selected,
                                     uint64_t seed) override;
    void run(const Row& row, uint64_t seed, Record& record) override;
    void close() override
    {
        shelf.clear();
        logins.reset();
    }

  private:
    vmedia::Result<void> readModes();
    const Mode* modeOf(const Case& one) const;
    vmedia::Result<void> use(const Mode& mode, uint64_t seed);
    vmedia::Result<std::unique_ptr<Bench>> benchOf(const Mode& mode,
                                                   uint64_t seed);

    TargetChoice target;
    std::string path = "/";
    Access access;

    bool runsSlow = false;
    Times times{};
    std::vector<Mode> modes;
    std::shared_ptr<const Logins> logins;
    Shelf<Mode, Bench> shelf;
    Bench* bench = nullptr; ///< the one that is open
};

std::vector<Row> ServerSuite::rows() const
{
    std::vector<Row> all;
    for (const Area& area : serverAreas())
    {
        for (const Case& one : area.cases)
        {
            all.push_back({one.id, area.name, one.level, one.spec, one.says,
                           one.sends, one.wants, false, one.slow});
        }
    }
    return all;
}

std::vector<std::string> ServerSuite::needs(const Row& row) const
{
    const Case& one = *findCase(row.id);
    std::vector<std::string> lines = explain(one.needs);
    if (lines.empty())
    {
        lines.emplace_back("any");
    }
    if (!one.autobahn.empty())
    {
        lines.push_back(fmt::format("Autobahn {}", one.autobahn));
    }
    return lines;
}

void ServerSuite::addOptions(CLI::App& command)
{
    target.addOptions(
        command, {.uri = "ws://HOST[:PORT]/PATH, wss://… or "
                         "ws+unix:///PATH?socket=FILE",
                  .spawn = "Start the target with this line instead, e.g. "
                           "'websocketd --binary --port={port} nbdkit -s "
                           "memory 1M'; also {socket}",
                  .profile = "Start a server in each way that a case needs: a "
                             "name, or a file"});
    command
        .add_option("--path", path, "The path of the WebSocket, with --spawn")
        ->capture_default_str();
    addAccessOptions(command, access);
}

vmedia::Result<void> ServerSuite::readModes()
{
    auto given = target.wantOne("give ws://HOST[:PORT]/PATH, --spawn 'COMMAND "
                                "{port}' or --profile NAME");
    if (!given)
    {
        return given;
    }
    if (const std::string options = optionsOf(access);
        target.starts() && !options.empty())
    {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("{} is for a target that is there "
                                        "already",
                                        options.substr(1)),
                            "give a URL, or write the credentials into the "
                            "line that starts the target");
    }
    if (!target.uri.empty())
    {
        auto endpoint = parseEndpoint(target.uri);
        if (!endpoint)
        {
            return tl::unexpected(endpoint.error());
        }
        if (auto applied = apply(access, *endpoint); !applied)
        {
            return applied;
        }
        const bool certified = !endpoint->tls.certificate.empty();
        modes.push_back({.told = {.endpoint = std::move(*endpoint),
                                  .offers = certified ? Needs::clientCertificate
                                                      : Needs::nothing}});
        return {};
    }
    if (!target.spawn.empty())
    {
        modes.push_back({.told = {.endpoint = {.target = path}},
                         .how = StartLine{.line = target.spawn}});
        return {};
    }
    const ProfileWords words{[](std::string_view word) {
        return parseNeed(word).has_value();
    }, {"path", "second-path"}};
    auto loaded = loadProfile(target.profile, words);
    if (!loaded)
    {
        return tl::unexpected(loaded.error());
    }
    for (ProfileMode& one : *loaded)
    {
        Mode mode{.how = std::move(one.start)};
        for (const std::string& word : one.offers)
        {
            mode.told.offers = mode.told.offers | *parseNeed(word);
        }
        const auto offered = [&mode](Needs need) {
            return covers(mode.told.offers, need);
        };
        mode.told.endpoint.secure = offered(Needs::tls);
        mode.told.endpoint.target =
            one.values.contains("path") ? one.values["path"] : "/";
        mode.told.secondSlot = one.values["second-path"];
        mode.told.role = offered(Needs::echo) ? std::optional(Role::echo)
                         : offered(Needs::nbdServer)
                             ? std::optional(Role::gateway)
                         : offered(Needs::nbdClient) ? std::optional(Role::bmc)
                                                     : std::nullopt;
        modes.push_back(std::move(mode));
    }
    return {};
}

vmedia::Result<Plan> ServerSuite::prepare(const RunOptions& options)
{
    if (auto read = readModes(); !read)
    {
        return tl::unexpected(read.error());
    }
    runsSlow = options.slow;
    times = timesOf(options.timeoutScale);
    std::string text = target.options();
    if (!target.spawn.empty() && path != "/")
    {
        text += " --path " + shellQuoted(path);
    }
    text += optionsOf(access);
    return Plan{.target = target.shown(),
                .options = std::move(text),
                .starts = target.starts()};
}

/// The first that offers it; the end of all if none does. What a case can see
/// for itself is no need where nothing was told.
const Mode* ServerSuite::modeOf(const Case& one) const
{
    if (target.profile.empty())
    {
        return modes.data();
    }
    const auto found = std::ranges::find_if(modes, [&one](const Mode& mode) {
        return covers(mode.told.offers, one.needs);
    });
    return modes.data() + (found - modes.begin());
}

vmedia::Result<std::string> ServerSuite::open(const std::vector<Row>& selected,
                                              uint64_t seed)
{
    const Mode* mode = modes.data();
    for (const Row& row : selected)
    {
        const Mode* found = modeOf(*findCase(row.id));
        if (found != modes.data() + modes.size())
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

/// What of @p needs a target without a profile has not, as the probe saw it.
std::string missing(Needs needs, const Profile& found)
{
    const auto lacks = [needs](Needs need, bool has) {
        return covers(needs, need) && !has;
    };
    if (lacks(Needs::nbdServer, found.role == Role::gateway))
    {
        return "no NBD server is behind it";
    }
    if (lacks(Needs::nbdClient, found.role == Role::bmc))
    {
        return "no NBD client is behind it";
    }
    if (lacks(Needs::echo, found.role == Role::echo))
    {
        return "it is no echo";
    }
    if (lacks(Needs::tls, found.endpoint.secure))
    {
        return "it does not speak wss";
    }
    if (lacks(Needs::oneClient, found.oneClient))
    {
        return "it serves several clients at a time";
    }
    if (lacks(Needs::credentials, !found.endpoint.credentials.empty()))
    {
        return "it was given no credentials";
    }
    if (lacks(Needs::twoSlots, !found.secondSlot.empty()))
    {
        return "a second slot is not known";
    }
    if (lacks(Needs::clientCertificate,
              covers(found.offers, Needs::clientCertificate)))
    {
        return "it was not told that a client needs a certificate";
    }
    if (lacks(Needs::backendEnds, covers(found.offers, Needs::backendEnds)))
    {
        return "what is behind it does not end by itself";
    }
    return {};
}

void ServerSuite::run(const Row& row, uint64_t seed, Record& record)
{
    const Case& one = *findCase(row.id);
    if (one.slow && !runsSlow)
    {
        record.verdict = withheld("waits for a time-out of the target's; give "
                                  "--slow");
        return;
    }
    const Mode* mode = modeOf(one);
    if (mode == modes.data() + modes.size())
    {
        record.verdict = notApplicable(fmt::format(
            "the profile has no mode with {}", describe(one.needs)));
        return;
    }
    if (const auto used = use(*mode, seed); !used)
    {
        record.verdict = notTested(vmedia::describe(used.error()));
        return;
    }
    if (!bench->brokenBy().empty())
    {
        record.verdict =
            notTested("the target died in case " + bench->brokenBy());
        return;
    }
    if (const std::string lack = missing(one.needs, bench->found());
        !lack.empty())
    {
        record.verdict = notApplicable(lack);
        return;
    }
    if (!target.profile.empty())
    {
        record.server = mode->how->line;
    }
    bench->run(one, seedOf(seed, one.id), record);
}

/// Puts the target of @p mode where cases run.
vmedia::Result<void> ServerSuite::use(const Mode& mode, uint64_t seed)
{
    auto used = shelf.use(mode, seed, [this, seed](const Mode& one) {
        return benchOf(one, seed);
    });
    bench = used ? *used : nullptr;
    return used ? vmedia::Result<void>{} : tl::unexpected(used.error());
}

vmedia::Result<std::unique_ptr<Bench>> ServerSuite::benchOf(const Mode& mode,
                                                            uint64_t seed)
{
    Mode filled = mode;
    if (mode.how && Logins::wantedBy(*mode.how))
    {
        if (!logins)
        {
            auto made = Logins::make(seed);
            if (!made)
            {
                return tl::unexpected(made.error());
            }
            logins = std::move(*made);
        }
        logins->apply(*filled.how, filled.told.endpoint);
    }
    return std::make_unique<Bench>(filled.told, filled.how, times);
}

} // namespace

std::unique_ptr<Suite> serverSuite()
{
    return std::make_unique<ServerSuite>();
}

} // namespace conformance::ws
