// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/needs.hpp"
#include "conformance/spawned.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace conformance::nbd
{

/// One way to start a server.
struct TargetMode
{
    StartLine start;
    Needs offers{};
    std::optional<std::string> exportName{}; ///< none: as --export has it
    std::string tlsOnlyExport{};
};

/// The ways to start one kind of server: see loadProfile(). Keys of its own
/// are `export` and `tls-only-export`.
struct TargetProfile
{
    std::string name;
    std::vector<TargetMode> modes{};

    /// The first one that offers it; nullptr if none does.
    const TargetMode* find(Needs needed) const;
};

/// Errors: Errc::usage; the text names file and line.
vmedia::Result<TargetProfile> loadTargetProfile(const std::string& name);

vmedia::Result<TargetProfile> parseTargetProfile(std::string_view text,
                                                 const std::string& source);

} // namespace conformance::nbd
