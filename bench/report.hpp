// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "machine.hpp"
#include "peer.hpp"
#include "table.hpp"
#include "workload.hpp"

#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <vector>

namespace bench
{

/// What one peer did with one workload, over all runs.
struct Row
{
    const Workload* workload;
    const Peer* peer;
    std::vector<double> samples{};    ///< in unitOf(workload->measure)
    std::vector<double> cpuSeconds{}; ///< for one byte or one request
    uint64_t checked = 0;             ///< words of content that were right
    std::string cipher{};             ///< that our own client got, with TLS
    std::string problem{};            ///< why a run, or all, gave no sample
};

struct Report
{
    Machine machine;
    Wire wire;
    uint64_t size;
    uint64_t seed;
    double seconds;
    unsigned runs;
    std::map<std::string, std::string> versions; ///< of peers and clients
    std::vector<std::string> skipped;            ///< what is not installed
    std::vector<Row> rows;                       ///< by workload, then by peer

    bool measured() const;
};

/// Samples that spread over more than this part of their median are noise.
inline constexpr double noisySpread = 0.2;

/// The whole text: facts, table, notes.
std::string textOf(const Report& report, bool markdown);

boost::json::value jsonOf(const Report& report);

/// How many times @p row is better than the best peer but itself and the
/// roofline; 0 without another.
double versusBestOther(const Report& report, const Row& row);

/// The part of the roofline that @p row reached; 0 where there is none.
double ofRoofline(const Report& report, const Row& row);

} // namespace bench
