// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/defects.hpp"
#include "vmedia/nbd/command.hpp"

#include <fmt/format.h>

/// vmedia-nbd-reference: our own NBD server, which can be told to break one
/// rule. It proves that a case can fail; nobody serves data with it.
namespace
{

int listDefects(const conformance::nbd::Defects& all)
{
    for (const auto& [id, deviation] : all)
    {
        fmt::print("{}\n", id);
    }
    return 0;
}

} // namespace

int main(int argc, char** argv)
{
    const conformance::nbd::Defects all = conformance::nbd::defects();
    vmedia::nbd::ServeOptions options;
    std::string defect;
    bool list = false;
    CLI::App app("Our NBD server with one rule broken", "vmedia-nbd-reference");
    vmedia::nbd::addServe(app, options);
    app.add_option("--defect", defect, "The case that has to fail with it");
    app.add_option("--tls-only-export", options.tlsOnlyExport,
                   "A second export of this name, for --tls=on");
    app.add_flag("--list-defects", list, "Show them all, and serve nothing");
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::nbd::parseFailed(app, error);
    }
    if (list)
    {
        return listDefects(all);
    }
    if (!defect.empty())
    {
        const auto found = all.find(defect);
        if (found == all.end())
        {
            fmt::print(stderr,
                       "vmedia-nbd-reference: no defect '{}'; --list-defects "
                       "shows them\n",
                       defect);
            return 2;
        }
        options.deviation = found->second;
    }
    return vmedia::nbd::runServe(options);
}
