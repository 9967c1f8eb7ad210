// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <algorithm>
#include <chrono>

namespace conformance
{

/// How long a run waits.
struct Times
{
    std::chrono::milliseconds answer{}; ///< of a target, in a case
    std::chrono::milliseconds start{};  ///< of one that we start
};

/// Answers: long enough for a loaded machine, short enough to wait for many
/// hangs. A program has to load its libraries first.
inline Times timesOf(double scale)
{
    const auto scaled = [](int ms, double by) {
        return std::chrono::milliseconds(static_cast<int64_t>(ms * by));
    };
    return {scaled(3000, scale), scaled(10000, std::max(1.0, scale))};
}

} // namespace conformance
