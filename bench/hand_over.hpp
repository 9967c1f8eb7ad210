// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <string>

namespace bench
{

/// Sends our standard input and output over the unix socket at @p path, and
/// waits until its other end closes: so the load talks with the server that
/// started us, and nobody copies bytes in between.
vmedia::Result<void> runHandOver(const std::string& path);

} // namespace bench
