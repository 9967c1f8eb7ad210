// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <span>

/// What a handful of runs says. No I/O.
///
/// Shape: at least one sample, in any order and any unit. Quartiles are not
///        used: with five runs they say less than the least and the most.
namespace bench
{

struct Summary
{
    double median = 0;
    double least = 0;
    double most = 0;

    /// (most - least) / median: 0.2 is a fifth. 0 for a median of 0.
    double spread() const;
};

Summary summarise(std::span<const double> samples);

enum class Better : unsigned char
{
    higher,
    lower,
};

/// How many times better @p own is than @p other: above 1 is better, whether
/// more or less is wanted. 0 if either is 0: that is no comparison.
double timesBetter(double own, double other, Better better);

} // namespace bench
