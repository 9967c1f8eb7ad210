// SPDX-License-Identifier: Apache-2.0
#include "statistics.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

namespace bench
{

double Summary::spread() const
{
    return median == 0 ? 0 : (most - least) / median;
}

Summary summarise(std::span<const double> samples)
{
    assert(!samples.empty());
    std::vector<double> sorted(samples.begin(), samples.end());
    std::ranges::sort(sorted);
    const size_t middle = sorted.size() / 2;
    const double median = sorted.size() % 2 == 1
                              ? sorted[middle]
                              : (sorted[middle - 1] + sorted[middle]) / 2;
    return {median, sorted.front(), sorted.back()};
}

double timesBetter(double own, double other, Better better)
{
    if (own == 0 || other == 0)
    {
        return 0;
    }
    return better == Better::higher ? own / other : other / own;
}

} // namespace bench
