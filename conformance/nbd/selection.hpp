// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/case.hpp"
#include "conformance/nbd/server_suite.hpp"
#include "vmedia/error/error.hpp"

#include <string_view>
#include <vector>

namespace conformance::nbd
{

struct Selected
{
    const Case* what;
    std::string_view area;
};

/// The cases to run, in their order.
///
/// Errors: Errc::usage if a pattern of `only` matches no case, for that is a
///         slip of the pen, or if nothing is left.
vmedia::Result<std::vector<Selected>> select(const ServerSuiteOptions& options);

} // namespace conformance::nbd
