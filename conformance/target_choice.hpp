// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <string>

namespace CLI
{
class App;
} // namespace CLI

namespace conformance
{

/// Which target the command line names: one that is there (a URI), one that a
/// line starts, or one that a profile starts in several ways.
struct TargetChoice
{
    /// What --help says of each.
    struct Help
    {
        std::string uri;
        std::string spawn;
        std::string profile;
    };

    void addOptions(CLI::App& command, const Help& help);
    /// Errors: Errc::usage with @p give as what to do, unless it is one.
    vmedia::Result<void> wantOne(std::string give) const;

    bool starts() const
    {
        return uri.empty();
    }
    /// For a report's head
    std::string shown() const;
    /// As a shell takes it
    std::string options() const;

    std::string uri{};
    std::string spawn{};
    std::string profile{}; ///< see loadProfile()
};

} // namespace conformance
