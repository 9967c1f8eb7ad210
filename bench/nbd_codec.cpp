// SPDX-License-Identifier: Apache-2.0
// Asks:   can decoding and deciding requests ever be the bottleneck of a
//         server?
// Read:   items/s on one core; the fastest server of docs/architecture.md
//         answers 0.2 M/s, so anything above a few M/s is not the limit.
// Leaves: sockets, storage and TLS, which need peers to compare with.
#include "vmedia/nbd/negotiator.hpp"
#include "vmedia/nbd/transmission.hpp"

#include <benchmark/benchmark.h>

#include <vector>

namespace
{
using namespace vmedia::nbd;

constexpr uint32_t blockBytes = 4096;

/// Requests that all differ: the compiler cannot hoist one out of the loop.
std::vector<std::array<std::byte, Request::wireSize>> distinct(size_t count)
{
    std::vector<std::array<std::byte, Request::wireSize>> stream;
    stream.reserve(count);
    for (uint64_t i = 0; i < count; ++i)
    {
        stream.push_back(
            encode(Request{0, Cmd::read, i, i * blockBytes, blockBytes}));
    }
    return stream;
}

void decodeAndPlan(benchmark::State& state)
{
    const auto count = static_cast<size_t>(state.range(0));
    const auto stream = distinct(count);
    const ExportInfo info{"", "", count * blockBytes, hasFlags | readOnly};
    const Terms terms{&info, info.flags, Replies::simple, false};
    for (auto _ : state)
    {
        uint64_t bytes = 0;
        for (const auto& message : stream)
        {
            const Decoded<Request> request = decodeRequest(message);
            bytes += plan(Command::of(*request), terms).action ==
                             Plan::Action::read
                         ? request->length
                         : 0;
        }
        if (bytes != count * blockBytes)
        {
            state.SkipWithError("wrong lengths: fast is no result");
            break;
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decodeAndPlan)->ArgName("requests")->Arg(64)->Arg(4096);

void negotiateGo(benchmark::State& state)
{
    const std::vector<ExportInfo> exports = {{"disk", "", 1 << 20, hasFlags}};
    const Bytes request = encodeInfoRequest("disk", {});
    for (auto _ : state)
    {
        Negotiator negotiator{exports};
        negotiator.onClientFlags(clientFixedNewstyle);
        if (negotiator.on({Opt::go, request}).next != Phase::transmission)
        {
            state.SkipWithError("not negotiated: fast is no result");
            break;
        }
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(negotiateGo);

} // namespace
