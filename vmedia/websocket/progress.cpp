// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmedia::websocket
{

std::string humanBytes(uint64_t bytes)
{
    constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024)
    {
        return fmt::format("{} B", bytes);
    }
    double value = static_cast<double>(bytes);
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < units.size())
    {
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", value, value < 100 ? 1 : 0, units[unit]);
}

std::string progressText(uint64_t readBytes, uint64_t writtenBytes,
                         uint64_t sinceLast, std::chrono::milliseconds interval)
{
    const auto ms =
        static_cast<uint64_t>(std::max<int64_t>(1, interval.count()));
    std::string text = fmt::format("served {} of reads", humanBytes(readBytes));
    if (writtenBytes > 0)
    {
        text += fmt::format(", {} of writes", humanBytes(writtenBytes));
    }
    return text + fmt::format(", {}/s", humanBytes(sinceLast * 1000 / ms));
}

} // namespace vmedia::websocket
