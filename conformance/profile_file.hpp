// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/spawned.hpp"
#include "vmedia/error/error.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace conformance
{

/// One way to start a server, as a profile has it.
struct ProfileMode
{
    StartLine start{};
    std::vector<std::string> offers{};
    std::map<std::string, std::string> values{}; ///< keys of the suite's own
};

/// What a suite takes in its profiles.
struct ProfileWords
{
    std::function<bool(std::string_view)> isOffer;
    std::vector<std::string_view> keys{};
};

/// The ways to start one kind of server, so that each case finds a server
/// that offers what it is about. A TOML file:
///
///     [[mode]]
///     offers = ["tls-required", "psk"]
///     line = "nbdkit -f -U {socket} --tls=require --tls-psk={psk} memory 1M"
///     config = """…"""             # optional: the text of {config}
///     KEY = "…"                    # optional: of the suite's own
///
/// @p name is a file if it has a slash or ends with .toml, else a profile
/// that comes with the program. {bin} is where our own programs are; a line
/// that begins with one of them finds it by itself.
///
/// Errors: Errc::usage; the text names file and line.
vmedia::Result<std::vector<ProfileMode>> loadProfile(const std::string& name,
                                                     const ProfileWords& words);

vmedia::Result<std::vector<ProfileMode>>
    parseProfile(std::string_view text, const std::string& source,
                 const ProfileWords& words);

} // namespace conformance
