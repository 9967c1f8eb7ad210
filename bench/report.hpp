// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "machine.hpp"
#include "table.hpp"
#include "workload.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bench
{

/// What one peer did with one workload, over all runs.
struct Row
{
    std::string_view workload;
    Measure measure;
    std::string_view peer;
    bool serves = true;                   ///< false for the roofline
    boost::json::object facts{};          ///< of the row, for programs
    std::vector<double> samples{};        ///< in unitOf(measure)
    std::vector<double> cpuSeconds{};     ///< for one byte or one request
    std::vector<double> loadCpuSeconds{}; ///< of the load, for the same
    std::vector<double> memory{};         ///< a session's at most, bytes
    uint64_t checked = 0;                 ///< words of content that were right
    std::string cipher{};                 ///< that our own client got, with TLS
    std::string problem{};                ///< why a run, or all, gave no sample
};

struct Report
{
    Machine machine;
    std::string setting;         ///< what is the same in all rows, for people
    boost::json::object facts{}; ///< the same for programs
    uint64_t seed;
    double seconds;
    unsigned runs;
    std::map<std::string, std::string> versions; ///< of peers and clients
    std::vector<std::string> skipped;            ///< what is not installed
    std::vector<Row> rows;                       ///< by workload, then by peer
    std::vector<std::string> foot{}; ///< what has to be known of the columns

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
