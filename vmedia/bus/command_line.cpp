// SPDX-License-Identifier: Apache-2.0
#include "command_line.hpp"

#include <CLI/CLI.hpp>

namespace vmedia::bus
{

void addOptions(CLI::App& app, Options& o)
{
    app.option_defaults()->multi_option_policy(
        CLI::MultiOptionPolicy::TakeLast);
    app.add_option("--config", o.configFile,
                   "Configuration file: the mount points")
        ->type_name("FILE")
        ->capture_default_str();
    app.add_option("--compat", o.compat,
                   "Names and types of the objects as another service has "
                   "them, for its clients")
        ->check(CLI::IsMember({"intel"}));
    CLI::Option* system = app.add_flag("--system", o.system,
                                       "Be on the system bus; the default");
    CLI::Option* session = app.add_flag("--session", o.session,
                                        "Be on the session bus");
    app.add_option("--bus", o.bus,
                   "Be on the bus at this address, such as unix:path=/run/bus")
        ->type_name("ADDRESS")
        ->excludes(system)
        ->excludes(session);
    session->excludes(system);
}

int runOptions(const Options& o, const SlotFactory& makeSlots)
{
    auto config = service::loadConfig(o.configFile);
    if (!config)
    {
        for (const Error& mistake : config.error())
        {
            report("vmediad", mistake);
        }
        return 2;
    }
    DaemonOptions options;
    if (!o.bus.empty())
    {
        options.address = {Address::Kind::given, o.bus};
    }
    else if (o.session)
    {
        options.address = {Address::Kind::session, {}};
    }
    options.compat = o.compat == "intel" ? Compat::intel : Compat::design;
    const auto ran = runDaemon(*config, options, makeSlots);
    return ran ? 0 : report("vmediad", ran.error());
}

} // namespace vmedia::bus
