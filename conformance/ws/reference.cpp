// SPDX-License-Identifier: Apache-2.0
#include "conformance/ws/access.hpp"
#include "conformance/ws/defects.hpp"
#include "conformance/ws/reference_client.hpp"
#include "conformance/ws/reference_server.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/error/error.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

/// vmedia-ws-reference: a WebSocket server, or a client, that can be told to
/// break one rule. It proves that a case can fail; nobody serves media with it.
namespace
{

using namespace conformance::ws;
using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

struct Options
{
    ServerOptions server{};
    bool echo = false;
    int slots = 1;
    std::vector<std::string> users{};
    std::vector<std::string> guests{};
    std::string text = "reject";
    double handshakeS = 10;
    double keepaliveS = 30;
    double pongS = 30;
    double closeS = 1;
    std::string defect{};
    bool listDefects = false;
};

void addOptions(CLI::App& app, Options& o)
{
    app.option_defaults()->multi_option_policy(
        CLI::MultiOptionPolicy::TakeLast);
    const auto addList = [&app](const char* name, auto& to, const char* help) {
        app.add_option(name, to, help)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
            ->expected(1)
            ->allow_extra_args(false);
    };
    Terms& terms = o.server.terms;
    auto* listen =
        app.add_option("--listen", o.server.listen,
                       "ADDRESS:PORT; port 0 is a free one, which is printed");
    listen->capture_default_str();
    app.add_option("--unix", o.server.socket, "A socket in the file system")
        ->excludes(listen);
    auto* certificate =
        app.add_option("--certificate", o.server.certificate,
                       "The server's certificate chain (PEM): wss, not ws");
    app.add_option("--key", o.server.key, "Its private key (PEM)")
        ->needs(certificate);
    app.add_option("--client-ca", o.server.clientAuthority,
                   "Clients need a certificate of this authority (PEM)")
        ->needs(certificate);
    app.add_flag("--echo", o.echo, "Send back what comes");
    app.add_option("--slots", o.slots,
                   "How many clients at a time: /, /1, /2 ...")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    addList("--protocol", terms.admission.protocols,
            "A subprotocol that is selected; may be given again");
    addList("--user", o.users, "NAME:PASSWORD of Basic; may be given again");
    addList("--guest", o.guests, "NAME:PASSWORD of one who may not come in");
    app.add_option("--token", terms.admission.credentials.token,
                   "Let in who has it after Bearer or as cookie SESSION");
    app.add_option("--csrf", terms.admission.credentials.csrf,
                   "A cookie counts only if this is a subprotocol");
    app.add_option("--text", o.text, "Text messages")
        ->check(CLI::IsMember({"reject", "accept"}))
        ->capture_default_str();
    app.add_option("--message-max", terms.messageMax,
                   "Bytes of a message; more is Close 1009")
        ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 32))
        ->capture_default_str();
    const auto addTime = [&app](const char* name, double& to, const char* help,
                                double least = 0.001) {
        app.add_option(name, to, help)
            ->check(CLI::Range(least, 86400.0))
            ->capture_default_str();
    };
    addTime("--handshake-timeout", o.handshakeS, "Seconds for a request");
    addTime("--keepalive", o.keepaliveS,
            "Seconds of silence after which a ping is sent; 0: none", 0);
    addTime("--pong-timeout", o.pongS, "Seconds that its pong may take");
    addTime("--close-timeout", o.closeS, "Seconds that a Close may take");
    app.add_option("--defect", o.defect, "The case that has to fail with it");
    app.add_flag("--list-defects", o.listDefects,
                 "Show them all, and serve nothing");
    app.add_option("COMMAND", o.server.command,
                   "After --: a program for each session, whose stdin and "
                   "stdout are the stream of bytes");
}

std::chrono::milliseconds milliseconds(double seconds)
{
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

Result<std::map<std::string, std::string>>
    pairs(std::string_view option, const std::vector<std::string>& texts)
{
    std::map<std::string, std::string> all;
    for (const std::string& text : texts)
    {
        const size_t colon = text.find(':');
        if (colon == 0 || colon == std::string::npos)
        {
            return fail(Errc::usage, fmt::format("{} '{}' is not NAME:PASSWORD",
                                                 option, text));
        }
        all[text.substr(0, colon)] = text.substr(colon + 1);
    }
    return all;
}

Result<void> prepare(Options& o)
{
    ServerOptions& server = o.server;
    if (o.echo != server.command.empty())
    {
        return fail(Errc::usage,
                    o.echo ? "--echo and a COMMAND exclude another"
                           : "what to serve is missing",
                    "use --echo, or -- COMMAND");
    }
    if (server.certificate.empty() != server.key.empty())
    {
        return fail(Errc::usage, "--certificate and --key need each other");
    }
    auto users = pairs("--user", o.users);
    auto guests = pairs("--guest", o.guests);
    if (!users || !guests)
    {
        return tl::unexpected((users ? guests : users).error());
    }
    Terms& terms = server.terms;
    terms.admission.credentials.users = std::move(*users);
    terms.admission.credentials.guests = std::move(*guests);
    for (int i = 1; i < o.slots; ++i)
    {
        terms.admission.paths.push_back(fmt::format("/{}", i));
    }
    terms.text = o.text == "accept" ? TextRule::accept : TextRule::reject;
    terms.handshake = milliseconds(o.handshakeS);
    terms.silence = milliseconds(o.keepaliveS);
    terms.pong = milliseconds(o.pongS);
    terms.close = milliseconds(o.closeS);
    if (o.defect.empty())
    {
        return {};
    }
    const Defects all = defects();
    const auto found = all.find(o.defect);
    if (found == all.end())
    {
        return fail(Errc::usage, fmt::format("no defect '{}'", o.defect),
                    "--list-defects shows them");
    }
    server.deviation = found->second;
    return {};
}

struct ClientWords
{
    ClientOptions client{};
    std::string user{}; ///< NAME:PASSWORD
    double handshakeS = 10;
    std::string defect{};
    bool listDefects = false;
};

CLI::App* addClient(CLI::App& app, ClientWords& o)
{
    CLI::App* client =
        app.add_subcommand("client", "A WebSocket client with one rule broken");
    client->add_option("--url", o.client.url,
                       "What to dial; without it URLs are read from the "
                       "standard input, one a line");
    client->add_option("--ca", o.client.authority,
                       "The authority of the server's certificate (PEM)");
    client->add_option("--user", o.user, "NAME:PASSWORD of Basic");
    client->add_option("--origin", o.client.call.origin, "As a browser has it");
    client
        ->add_option("--protocol", o.client.call.subprotocols,
                     "A subprotocol to offer; may be given again")
        ->expected(1)
        ->allow_extra_args(false);
    client
        ->add_option("--handshake-timeout", o.handshakeS,
                     "Seconds for a response")
        ->check(CLI::Range(0.001, 86400.0))
        ->capture_default_str();
    client->add_option("--defect", o.defect,
                       "The case that has to fail with it");
    client->add_flag("--list-defects", o.listDefects,
                     "Show them all, and dial nobody");
    client->add_option("COMMAND", o.client.command,
                       "After --: a program for each session, whose stdin and "
                       "stdout are the stream of bytes");
    return client;
}

Result<int> runClient(ClientWords& o)
{
    const auto all = clientDefects();
    if (o.listDefects)
    {
        for (const auto& [id, deviation] : all)
        {
            fmt::print("{}\n", id);
        }
        return 0;
    }
    if (o.client.command.empty())
    {
        return fail(Errc::usage, "what to serve is missing",
                    "write -- COMMAND, such as -- nbdkit -s memory 1M");
    }
    if (!o.user.empty())
    {
        const size_t colon = o.user.find(':');
        if (colon == 0 || colon == std::string::npos)
        {
            return fail(Errc::usage, fmt::format("--user '{}' is not "
                                                 "NAME:PASSWORD",
                                                 o.user));
        }
        o.client.call.credentials.emplace_back(
            "Authorization",
            basic(o.user.substr(0, colon), o.user.substr(colon + 1)));
    }
    o.client.terms.handshake = milliseconds(o.handshakeS);
    if (!o.defect.empty())
    {
        const auto found = all.find(o.defect);
        if (found == all.end())
        {
            return fail(Errc::usage, fmt::format("no defect '{}'", o.defect),
                        "--list-defects shows them");
        }
        o.client.deviation = found->second;
    }
    return dial(o.client);
}

} // namespace

int main(int argc, char** argv)
{
    Options options;
    CLI::App app("A WebSocket server with one rule broken",
                 "vmedia-ws-reference");
    addOptions(app, options);
    ClientWords words;
    const CLI::App* client = addClient(app, words);
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::command::parseFailed(app, error);
    }
    if (client->parsed())
    {
        const auto ran = runClient(words);
        return ran ? *ran : vmedia::report("vmedia-ws-reference", ran.error());
    }
    if (options.listDefects)
    {
        for (const auto& [id, deviation] : defects())
        {
            fmt::print("{}\n", id);
        }
        return 0;
    }
    auto ran = prepare(options);
    if (ran)
    {
        ran = serve(options.server);
    }
    return ran ? 0 : vmedia::report("vmedia-ws-reference", ran.error());
}
