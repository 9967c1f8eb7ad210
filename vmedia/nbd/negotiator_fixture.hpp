// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "chunk.hpp"
#include "negotiator.hpp"

#include <gtest/gtest.h>

/// For the negotiator's tests: two exports, and options to it without a wire.
namespace vmedia::nbd::haggling
{

using namespace literals;
using Types = std::vector<Rep>;

inline const std::vector<ExportInfo> exports = {
    {"", "", 1474560, hasFlags | readOnly},
    {"disk", "a disk", 1 << 20, hasFlags | sendFlush},
};

inline Negotiator fixed(NegotiationLimits limits = {})
{
    Negotiator n{exports, limits};
    EXPECT_EQ(n.onClientFlags(clientFixedNewstyle | clientNoZeroes),
              Phase::options);
    return n;
}

template <size_t size>
Step send(Negotiator& n, Opt option, const std::array<std::byte, size>& data)
{
    return n.on({option, data});
}

inline Step send(Negotiator& n, Opt option)
{
    return n.on({option, {}});
}

inline Step meta(Negotiator& n, Opt option, std::string_view name,
                 std::vector<std::string_view> queries)
{
    const Bytes data = encodeMetaRequest(name, queries);
    return n.on({option, data});
}

inline std::vector<Rep> types(const Step& step)
{
    std::vector<Rep> out;
    for (const OptionReply& reply : step.replies)
    {
        out.push_back(reply.type);
    }
    return out;
}

} // namespace vmedia::nbd::haggling
