// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "statistics.hpp"
#include "vmedia/nbd/wire.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bench
{

/// What a workload's figure is, and so its unit (in SI and without prefix).
enum class Measure : uint8_t
{
    bandwidth,           ///< bytes per second
    requests,            ///< requests per second
    startup,             ///< seconds
    memory,              ///< bytes
    memoryPerConnection, ///< bytes
};

/// Who makes the requests.
enum class Generator : uint8_t
{
    raw, ///< our own client, which costs the least
    nbdcopy,
    fio,
};

struct Workload
{
    std::string_view name;
    Measure measure;
    Generator generator = Generator::raw;
    vmedia::nbd::Cmd command = vmedia::nbd::Cmd::read;
    uint32_t block = 4096;
    uint32_t depth = 1; ///< requests on the way, for each connection
    uint32_t connections = 1;
    bool random = false;
};

std::span<const Workload> allWorkloads();

const Workload* findWorkload(std::string_view name);

Better betterFor(Measure measure);

/// "bytes/s", for the JSON
std::string_view unitOf(Measure measure);

/// "3.41 GB/s", "312.4 k/s", "12.3 ms", "5.2 MiB"
std::string withUnit(Measure measure, double value);

/// The same without its unit: "3.41"
std::string withoutUnit(Measure measure, double value);

/// What a server spends on one unit of work; empty where that has no meaning.
/// @p cpuSeconds is for one byte or one request.
std::string costText(Measure measure, double cpuSeconds);

} // namespace bench
