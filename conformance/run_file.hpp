// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "vmedia/error/error.hpp"

#include <boost/json/fwd.hpp>

#include <string>
#include <string_view>

namespace conformance
{

/// The run that @p text, a report of writeJson(), tells of. @p file is for
/// errors, and gives the run its name.
///
/// Errors: Errc::usage if that is no such report, or one of another schema.
vmedia::Result<Run> parseRun(std::string_view text, const std::string& file);

/// The same from a file of up to 64 MiB.
vmedia::Result<Run> readRun(const std::string& file);

/// One case of such a report. Its views are of @p value.
vmedia::Result<Record> readRecord(const boost::json::value& value);

/// All of @p path, which may be a pipe. Errc::usage if it cannot be read or
/// has more than @p most bytes.
vmedia::Result<std::string> readText(const std::string& path, size_t most);

} // namespace conformance
