// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "peer.hpp"
#include "workload.hpp"

#include <optional>
#include <string>

namespace bench
{

/// What one run of one workload gave.
struct Sample
{
    double value = 0;                       ///< in unitOf(measure)
    std::optional<double> cpuSeconds{};     ///< for one byte or one request
    uint64_t checked = 0;
    std::string cipher{};                   ///< with TLS and our own client
    std::optional<double> loadCpuSeconds{}; ///< of the load, for the same
    std::optional<double> memory{};         ///< a session's at most, bytes
};

/// Starts @p peer afresh, runs @p workload against it, and stops it again.
/// @p number is of the run: the same number gives the same offsets.
vmedia::Result<Sample> takeSample(const Peer& peer, const Image& image,
                                  const Wire& wire, const Workload& workload,
                                  double seconds, uint64_t number);

} // namespace bench
