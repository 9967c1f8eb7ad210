// SPDX-License-Identifier: Apache-2.0
// Input: the text of a fault plan.
#include "fixtures/fuzz.hpp"
#include "vmedia/exports/fault.hpp"

#include <limits>

using namespace vmedia;
using namespace vmedia::exports;

std::vector<fuzz::Input> fuzz::seeds()
{
    return {
        input("delay 50ms every 10"),
        input("error EIO 1%; error ENOSPC write 1M-2M\nrate 10M"),
        input("cut at 100 # once\nstall read 0-4K at 7\nshort at 3"),
        input("delay 1us zero always; error EOVERFLOW trim 99.9999%"),
        input("error EPERM flush; error ENOMEM cache; error EINVAL extents"),
        input("error ENOTSUP 512-1G every 3 ;; error ESHUTDOWN 0.5%"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    constexpr uint64_t seed = 7;
    const std::string_view text = fuzz::text(data, size);
    Result<FaultPlan> plan = FaultPlan::parse(text, seed);
    Result<FaultPlan> again = FaultPlan::parse(text, seed);
    fuzz::require(plan.has_value() == again.has_value(), "parsing repeats");
    if (!plan)
    {
        const std::string line = describe(plan.error());
        fuzz::require(plan.error().code == Errc::usage, "an error of usage");
        fuzz::require(line.find('\n') == line.npos, "an error is one line");
        return 0;
    }
    constexpr uint64_t most = std::numeric_limits<uint64_t>::max();
    constexpr std::pair<uint64_t, uint64_t> ranges[] = {
        {0, 0}, {0, 512}, {1 << 20, 1}, {most, most}, {most - 1, 1}};
    for (int i = 0; i < 70; ++i)
    {
        const auto operation = static_cast<Operation>(i % 7);
        const auto [offset, length] = ranges[i % 5];
        const Fault fault = plan->next(operation, offset, length);
        fuzz::require(fault == again->next(operation, offset, length),
                      "the same plan, seed and requests give the same faults");
        fuzz::require(fault.kind != Fault::Kind::error || fault.error > 0,
                      "an error has a number");
        fuzz::require(fault.kind != Fault::Kind::rate ||
                          fault.bytesPerSecond > 0,
                      "a rate is more than 0");
        fuzz::require(fault.delay >= fault.delay.zero() &&
                          fault.delay <= std::chrono::hours(1),
                      "no fault lasts longer than an hour");
        fuzz::require(fault.keep == 0 || fault.keep < length,
                      "a short reply keeps less than the data");
    }
    return 0;
}
