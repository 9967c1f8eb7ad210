// SPDX-License-Identifier: Apache-2.0
#include "client_suite.hpp"

#include "conformance/profile_file.hpp"
#include "conformance/shelf.hpp"
#include "conformance/spawn_line.hpp"
#include "conformance/text_report.hpp"
#include "conformance/ws/all_cases.hpp"
#include "conformance/ws/client_bench.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>

namespace conformance::ws
{

namespace
{

/// Somebody has to read our URL, and a browser to load its pages.
constexpr std::chrono::milliseconds humanDeadline{60000};
constexpr int browserFactor = 2;

/// One way to have the client.
struct Mode
{
    Profile told{};
    std::string line{};
};

class ClientSuite : public Suite
{
  public:
    std::string_view name() const override
    {
        return "ws-client";
    }
    std::string_view about() const override
    {
        return "Test a WebSocket client";
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
    }

  private:
    vmedia::Result<void> readModes();
    const Mode* modeOf(const Case& one) const;
    vmedia::Result<void> use(const Mode& mode, uint64_t seed);

    // One of the first three says what is tested; none: whoever dials.
    std::vector<std::string> command;
    std::string spawn;
    std::string profile;
    bool tls = false;

    Times times{};
    std::vector<Mode> modes;
    Shelf<Mode, ClientBench> shelf;
    ClientBench* bench = nullptr; ///< the one that is open
};

std::vector<Row> ClientSuite::rows() const
{
    std::vector<Row> all;
    for (const Area& area : clientAreas())
    {
        for (const Case& one : area.cases)
        {
            all.push_back({one.id, area.name, one.level, one.spec, one.says,
                           one.sends, one.wants, false, one.slow});
        }
    }
    return all;
}

std::vector<std::string> ClientSuite::needs(const Row& row) const
{
    const Case& one = *findCase(row.id);
    std::vector<std::string> lines = explain(one.needs, Subject::client);
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

void ClientSuite::addOptions(CLI::App& app)
{
    app.add_option("command", command,
                   "After --: the client, started for each connection with "
                   "{url}; without {url} it is started once, and reads URLs "
                   "from its standard input. Without a command: whoever dials "
                   "the URL that is printed");
    app.add_option("--spawn", spawn,
                   "The same in one word, e.g. 'vmedia-nbd push {image} "
                   "{url}'");
    app.add_option("--profile", profile,
                   "Start a client in each way that a case needs: a name, or "
                   "a file");
    app.add_flag("--tls", tls,
                 "The URL is wss, and {ca} the file of our authority");
    app.footer(
        "A command without {url} reads a URL a line, and prints for each\n"
        "session that has ended a line such as\n"
        "  {\"url\": \"ws://…\", \"code\": 1006, \"clean\": false, "
        "\"reason\": \"\"}\n"
        "{image} is a file of 1 MiB to serve, {password} a file with a "
        "password.");
}

vmedia::Result<void> ClientSuite::readModes()
{
    if (!command.empty() + !spawn.empty() + !profile.empty() > 1)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            "more than one of --profile, --spawn and a command "
                            "is given",
                            "give one, or none for a client that somebody "
                            "else starts");
    }
    if (!profile.empty() && tls)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            "--tls and --profile are both given",
                            "a profile has its own modes with tls");
    }
    if (profile.empty())
    {
        for (const std::string& word : command)
        {
            spawn += (spawn.empty() ? "" : " ") + shellQuoted(word);
        }
        Mode mode{.line = spawn};
        mode.told.endpoint.secure = tls;
        if (!spawn.empty())
        {
            if (const auto words = splitLine(spawn); !words)
            {
                return tl::unexpected(words.error());
            }
        }
        modes.push_back(std::move(mode));
        return {};
    }
    const ProfileWords words{[](std::string_view word) {
        return parseNeed(word, Subject::client).has_value();
    }, {}};
    auto loaded = loadProfile(profile, words);
    if (!loaded)
    {
        return tl::unexpected(loaded.error());
    }
    for (const ProfileMode& one : *loaded)
    {
        Mode mode{.line = filled(one.start.line, one.start.values)};
        for (const std::string& word : one.offers)
        {
            mode.told.offers = mode.told.offers |
                               *parseNeed(word, Subject::client);
        }
        const Needs offers = mode.told.offers;
        mode.told.endpoint.secure = covers(offers, Needs::tls);
        mode.told.role = covers(offers, Needs::nbdServer)
                             ? std::optional(Role::gateway)
                         : covers(offers, Needs::nbdClient)
                             ? std::optional(Role::bmc)
                             : std::nullopt;
        modes.push_back(std::move(mode));
    }
    return {};
}

vmedia::Result<Plan> ClientSuite::prepare(const RunOptions& options)
{
    if (auto read = readModes(); !read)
    {
        return tl::unexpected(read.error());
    }
    const bool starts = !profile.empty() || !spawn.empty();
    times = timesOf(options.timeoutScale);
    times.start = starts ? browserFactor * times.start
                         : std::max(humanDeadline, times.start);
    std::string text = !profile.empty() ? "--profile " + shellQuoted(profile)
                       : starts         ? "--spawn " + shellQuoted(spawn)
                                        : std::string();
    text += tls ? " --tls" : "";
    return Plan{.target = !profile.empty() ? "profile " + profile
                          : starts         ? spawn
                                           : "whoever dials",
                .options = std::move(text),
                .starts = starts};
}

/// The first that offers it; the end of all if none does. What a case can see
/// for itself is no need where nothing was told.
const Mode* ClientSuite::modeOf(const Case& one) const
{
    if (profile.empty())
    {
        return modes.data();
    }
    const auto found = std::ranges::find_if(modes, [&one](const Mode& mode) {
        return covers(mode.told.offers, one.needs);
    });
    return modes.data() + (found - modes.begin());
}

vmedia::Result<std::string> ClientSuite::open(const std::vector<Row>& selected,
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
    return bench->described();
}

/// What of @p needs a client has not that nobody told of, as the probe saw it.
std::string missing(Needs needs, const Profile& found)
{
    const auto lacks = [needs](Needs need, bool has) {
        return covers(needs, need) && !has;
    };
    const auto told = [&found](Needs need) {
        return covers(found.offers, need);
    };
    return lacks(Needs::nbdServer, found.role == Role::gateway)
               ? "it does not serve NBD"
           : lacks(Needs::nbdClient, found.role == Role::bmc)
               ? "it is no NBD client"
           : lacks(Needs::tls, found.endpoint.secure)
               ? "it is tested without TLS"
           : lacks(Needs::credentials, told(Needs::credentials))
               ? "it was given no credentials, as far as we were told"
           : lacks(Needs::browser, told(Needs::browser))
               ? "it is no browser, as far as we were told"
           : lacks(Needs::image, told(Needs::image)) ? "it serves no {image}"
                                                     : "";
}

void ClientSuite::run(const Row& row, uint64_t seed, Record& record)
{
    const Case& one = *findCase(row.id);
    const Mode* mode = modeOf(one);
    if (mode == modes.data() + modes.size())
    {
        record.verdict =
            notApplicable(fmt::format("the profile has no mode with {}",
                                      describe(one.needs, Subject::client)));
        return;
    }
    if (const auto used = use(*mode, seed); !used)
    {
        record.verdict = notTested(vmedia::describe(used.error()));
        return;
    }
    if (const std::string lack = missing(one.needs, bench->found());
        !lack.empty())
    {
        record.verdict = notApplicable(lack);
        return;
    }
    if (!profile.empty())
    {
        record.server = mode->line;
    }
    bench->run(one, seedOf(seed, one.id), record);
}

/// Has a client come in the way of @p mode, and puts it where cases run.
vmedia::Result<void> ClientSuite::use(const Mode& mode, uint64_t seed)
{
    auto used = shelf.use(mode, seed, [this](const Mode& one) {
        return vmedia::Result<std::unique_ptr<ClientBench>>(
            std::make_unique<ClientBench>(one.told, one.line, times));
    });
    bench = used ? *used : nullptr;
    return used ? vmedia::Result<void>{} : tl::unexpected(used.error());
}

} // namespace

std::unique_ptr<Suite> clientSuite()
{
    return std::make_unique<ClientSuite>();
}

} // namespace conformance::ws
