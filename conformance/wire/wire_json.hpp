// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

#include <boost/json/value.hpp>
#include <tl/expected.hpp>

namespace conformance
{

/// The entries as report.schema.json has them, bytes in hex, each with the
/// lines of what it means to @p suite.
boost::json::array toJson(const Wire& wire, std::string_view suite);

/// The entries once more, but for Wire::began; or what is wrong with them. The
/// lines are not read: they follow from the bytes.
tl::expected<Wire, std::string> wireOf(const boost::json::array& entries);

} // namespace conformance
