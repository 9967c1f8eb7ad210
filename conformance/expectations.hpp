// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "vmedia/error/error.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace conformance
{

/// What --expect tells: by case id. A case that is not named has to pass.
using Expectations = std::map<std::string, Expected, std::less<>>;

/// The TOML of conformance/expected:
///
///     ["nbd.option.list.data-skipped"]
///     verdict = "fail"               # or ["fail", "warn"]: any of them
///     why = "it closes the session"
///
/// Before the cases there may be `include = "other.toml"`, a file beside it
/// whose cases hold where this one does not name them; it includes no other.
///
/// Errors: Errc::usage with file and line: no TOML, an id that @p exists
///         denies, a verdict that is none, no reason, a key too many.
using Include = std::function<vmedia::Result<Expectations>(std::string name)>;
vmedia::Result<Expectations>
    parseExpectations(std::string_view text, const std::string& file,
                      const std::function<bool(std::string_view)>& exists,
                      const Include& include = {});

/// The same from a file of up to 1 MiB.
vmedia::Result<Expectations>
    readExpectations(const std::string& file,
                     const std::function<bool(std::string_view)>& exists);

} // namespace conformance
