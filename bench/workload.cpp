// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bench
{

namespace
{

using vmedia::nbd::Cmd;

constexpr uint32_t large = 256 * 1024; // what nbdcopy asks for at once
constexpr uint32_t small = 4096;

constexpr std::array workloads = {
    Workload{.name = "read-256k",
             .measure = Measure::bandwidth,
             .block = large,
             .depth = 16},
    Workload{.name = "read-4k-d64",
             .measure = Measure::requests,
             .block = small,
             .depth = 64,
             .random = true},
    Workload{.name = "read-4k-d1",
             .measure = Measure::requests,
             .block = small,
             .random = true},
    Workload{.name = "read-4k-c64",
             .measure = Measure::requests,
             .block = small,
             .connections = 64,
             .random = true},
    Workload{.name = "write-256k",
             .measure = Measure::bandwidth,
             .command = Cmd::write,
             .block = large,
             .depth = 16},
    Workload{.name = "write-4k-d64",
             .measure = Measure::requests,
             .command = Cmd::write,
             .block = small,
             .depth = 64,
             .random = true},
    Workload{.name = "nbdcopy-read",
             .measure = Measure::bandwidth,
             .generator = Generator::nbdcopy,
             .block = large,
             .depth = 64},
    Workload{.name = "fio-4k-d64",
             .measure = Measure::requests,
             .generator = Generator::fio,
             .block = small,
             .depth = 64,
             .random = true},
    Workload{.name = "fio-4k-d1",
             .measure = Measure::requests,
             .generator = Generator::fio,
             .block = small,
             .random = true},
    Workload{.name = "startup", .measure = Measure::startup},
    Workload{.name = "memory",
             .measure = Measure::memory,
             .block = large,
             .depth = 16},
    Workload{.name = "memory-c64",
             .measure = Measure::memoryPerConnection,
             .connections = 64},
};

struct Scale
{
    double divisor;
    int decimals;
    std::string_view unit;
};

Scale scaleOf(Measure measure)
{
    switch (measure)
    {
        case Measure::bandwidth:
            return {1e9, 2, "GB/s"};
        case Measure::requests:
            return {1e3, 1, "k/s"};
        case Measure::startup:
            return {1e-3, 1, "ms"};
        case Measure::memory:
            return {1024 * 1024, 1, "MiB"};
        case Measure::memoryPerConnection:
            break;
    }
    return {1024, 0, "KiB"};
}

} // namespace

std::span<const Workload> allWorkloads()
{
    return workloads;
}

const Workload* findWorkload(std::string_view name)
{
    const auto* found = std::ranges::find(workloads, name, &Workload::name);
    return found == workloads.end() ? nullptr : &*found;
}

Better betterFor(Measure measure)
{
    return measure == Measure::bandwidth || measure == Measure::requests
               ? Better::higher
               : Better::lower;
}

std::string_view unitOf(Measure measure)
{
    switch (measure)
    {
        case Measure::bandwidth:
            return "bytes/s";
        case Measure::requests:
            return "requests/s";
        case Measure::startup:
            return "s";
        case Measure::memory:
        case Measure::memoryPerConnection:
            break;
    }
    return "bytes";
}

std::string withoutUnit(Measure measure, double value)
{
    const Scale scale = scaleOf(measure);
    return fmt::format("{:.{}f}", value / scale.divisor, scale.decimals);
}

std::string withUnit(Measure measure, double value)
{
    return fmt::format("{} {}", withoutUnit(measure, value),
                       scaleOf(measure).unit);
}

std::string costText(Measure measure, double cpuSeconds)
{
    switch (measure)
    {
        case Measure::bandwidth:
            return fmt::format("{:.3f} s/GB", cpuSeconds * 1e9);
        case Measure::requests:
            return fmt::format("{:.2f} us/req", cpuSeconds * 1e6);
        case Measure::startup:
        case Measure::memory:
        case Measure::memoryPerConnection:
            break;
    }
    return {};
}

} // namespace bench
