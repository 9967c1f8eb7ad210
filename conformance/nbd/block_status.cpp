// SPDX-License-Identifier: Apache-2.0
#include "block_status.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;

std::vector<Descriptor> statusOf(Exchange& io, uint64_t offset, uint32_t length,
                                 uint16_t flags)
{
    Peer& peer = io.peer();
    const auto reply = io.answer({Cmd::blockStatus, offset, length, flags});
    if (!reply)
    {
        return {};
    }
    peer.want(reply->succeeded(),
              nameOf(reply->error) + " to " + describe(reply->ask),
              "descriptors");
    std::vector<Descriptor> found;
    for (const Part& part : reply->parts)
    {
        Reader reader{part.payload};
        if (part.type != Chunk::blockStatus || reader.left() < 12)
        {
            continue;
        }
        reader.u32();
        while (reader.left() >= 8)
        {
            found.push_back({reader.u32(), reader.u32()});
        }
    }
    peer.want(!found.empty() || !reply->succeeded(),
              "no descriptor for " + describe(reply->ask),
              "at least one descriptor");
    return found;
}

void makePattern(Exchange& io, const WorkArea& area)
{
    io.wantSuccess({Cmd::write, area.begin, area.size},
                   noise(io.peer().random(), area.size));
    if (io.has(sendWriteZeroes))
    {
        io.wantSuccess({Cmd::writeZeroes, area.middle, area.middleSize});
    }
}

} // namespace conformance::nbd
