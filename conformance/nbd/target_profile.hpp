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

/// The ways to start one kind of server, so that each case finds a server
/// that offers what it is about. A TOML file:
///
///     [[mode]]
///     offers = ["tls-required", "psk"]
///     line = "nbdkit -f -U {socket} --tls=require --tls-psk={psk} memory 1M"
///     config = """…"""             # optional: the text of {config}
///     export = "disk"              # optional
///     tls-only-export = "secret"   # optional
///
/// {bin} is where our own programs are; a line that begins with one of them
/// finds it by itself.
struct TargetProfile
{
    std::string name;
    std::vector<TargetMode> modes{};

    /// The first one that offers it; nullptr if none does.
    const TargetMode* find(Needs needed) const;
};

/// @p name is a file if it has a slash or ends with .toml, else a profile
/// that comes with the program.
///
/// Errors: Errc::usage; the text names file and line.
vmedia::Result<TargetProfile> loadTargetProfile(const std::string& name);

vmedia::Result<TargetProfile> parseTargetProfile(std::string_view text,
                                                 const std::string& source);

} // namespace conformance::nbd
