// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/defects.hpp"
#include "conformance/nbd/deviations.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/nbd/command.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

/// vmedia-nbd-reference: our own NBD server, which can be told to break one
/// rule. It proves that a case can fail; nobody serves data with it.
namespace
{

using conformance::nbd::Defects;

int listNames(const Defects& all)
{
    for (const auto& [id, deviation] : all)
    {
        fmt::print("{}\n", id);
    }
    return 0;
}

/// Adds what @p all has under that name, or says that there is none.
bool apply(const Defects& all, std::string_view kind, const std::string& name,
           vmedia::nbd::Deviation& to)
{
    const auto found = all.find(name);
    if (found == all.end())
    {
        fmt::print(stderr,
                   "vmedia-nbd-reference: no {} '{}'; --list-{}s shows them\n",
                   kind, name, kind);
        return false;
    }
    to = conformance::nbd::deviations::combined(to, found->second);
    return true;
}

} // namespace

int main(int argc, char** argv)
{
    const Defects defects = conformance::nbd::defects();
    const Defects variants = conformance::nbd::variants();
    vmedia::nbd::ServeOptions options;
    std::string defect;
    std::string variant;
    bool listDefects = false;
    bool listVariants = false;
    CLI::App app("Our NBD server with one rule broken", "vmedia-nbd-reference");
    vmedia::nbd::addServe(app, options);
    app.add_option("--defect", defect, "The case that has to fail with it");
    app.add_flag("--list-defects", listDefects,
                 "Show them all, and serve nothing");
    app.add_option("--variant", variant,
                   "Break no rule, but use another of the spec's choices");
    app.add_flag("--list-variants", listVariants,
                 "Show them all, and serve nothing");
    try
    {
        app.parse(argc, argv);
    }
    catch (const CLI::ParseError& error)
    {
        return vmedia::command::parseFailed(app, error);
    }
    if (listDefects || listVariants)
    {
        return listNames(listDefects ? defects : variants);
    }
    // The variant first: a defect is one in what it would do.
    if ((!variant.empty() &&
         !apply(variants, "variant", variant, options.deviation)) ||
        (!defect.empty() &&
         !apply(defects, "defect", defect, options.deviation)))
    {
        return 2;
    }
    return vmedia::nbd::runServe(options);
}
