// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "load.hpp"

#include <string>
#include <string_view>

namespace bench
{

/// The program of a generator that is not our own, and its Debian package.
struct PackagedClient
{
    std::string_view program;
    std::string_view package;
};

PackagedClient clientOf(Generator generator);

/// Runs nbdcopy (the whole export, once) or fio (for options.seconds) against
/// @p endpoint. The bytes are not looked at.
///
/// Time:   nbdcopy's is that of the whole program; fio tells its own.
/// Errors: the program is missing (names the package), or says why it failed.
vmedia::Result<Loaded> runPackagedClient(const Endpoint& endpoint,
                                         const Image& image,
                                         const Workload& workload,
                                         const LoadOptions& options);

/// What fio's --output-format=json says of its one job's reads.
vmedia::Result<Loaded> parseFio(std::string_view output);

} // namespace bench
