// SPDX-License-Identifier: Apache-2.0
#include "info_bodies.hpp"

#include <fmt/format.h>

namespace conformance::nbd::info
{

using namespace vmedia::nbd;

namespace
{

/// The data of either option with inner lengths that need not be true.
Bytes request(uint32_t nameLength, std::string_view name, uint16_t count,
              std::initializer_list<Info> wanted = {})
{
    Bytes data;
    append(data, nameLength);
    append(data, name);
    append(data, count);
    for (const Info type : wanted)
    {
        append(data, type);
    }
    return data;
}

/// A server that hung up, as it may, is called again for the next stimulus.
Verdict wantMalformedRefused(Peer& peer, Opt option, ByteView data)
{
    if (peer.closedByTarget())
    {
        peer.start();
    }
    peer.sendOption(option, data);
    return peer.wantRefusal(option, {Rep::errInvalid});
}

} // namespace

Verdict wantInStep(Peer& peer, Opt option, const std::optional<Answer>& answer)
{
    if (!answer || peer.stopped() || peer.closedByTarget())
    {
        return peer.verdict();
    }
    if (option != Opt::go || !answer->acknowledged())
    {
        return peer.wantUsable();
    }
    constexpr uint32_t block = 4096; // a multiple of the block sizes in use
    const auto info = answer->exportInfo();
    if (info && info->size >= block)
    {
        peer.wantRead(block);
    }
    peer.sendDisconnect();
    return peer.wantClosed();
}

Verdict known(Peer& peer, Opt option)
{
    peer.sendInfo(option, peer.profile().exportName);
    const auto answer = peer.wantAnswer(option, {Rep::ack});
    if (answer)
    {
        const auto exports = answer->infos(Info::exportSize);
        peer.want(!exports.empty(), "NBD_REP_ACK without NBD_INFO_EXPORT");
        for (const ByteView data : exports)
        {
            peer.want(
                data.size() + 2 == InfoExport::wireSize,
                fmt::format("NBD_INFO_EXPORT with length {}", data.size() + 2),
                "NBD_INFO_EXPORT with length 12");
        }
        peer.want(answer->last.data.empty(), describe(answer->last));
    }
    return wantInStep(peer, option, answer);
}

Verdict exportAlways(Peer& peer, Opt option)
{
    peer.sendInfo(option, peer.profile().exportName, {Info::name});
    const auto answer = peer.wantAnswer(option, {Rep::ack});
    if (answer)
    {
        peer.want(answer->exportInfo().has_value(),
                  "NBD_REP_ACK without NBD_INFO_EXPORT");
    }
    return wantInStep(peer, option, answer);
}

Verdict unknownRequests(Peer& peer, Opt option)
{
    peer.sendInfo(option, peer.profile().exportName,
                  {Info{0x7777}, Info{0xffff}});
    return wantInStep(peer, option, peer.wantAnswer(option, {Rep::ack}));
}

Verdict eachTypeOnce(Peer& peer, Opt option)
{
    constexpr Info all[] = {Info::exportSize, Info::name, Info::description,
                            Info::blockSize};
    peer.sendInfo(option, peer.profile().exportName,
                  {all[0], all[1], all[2], all[3]});
    if (const auto answer = peer.wantAnswer(option, {Rep::ack}))
    {
        for (const Info type : all)
        {
            const size_t count = answer->infos(type).size();
            peer.want(count <= 1,
                      fmt::format("{} {} times", nameOf(type), count));
        }
    }
    return peer.verdict();
}

Verdict unknownName(Peer& peer, Opt option)
{
    if (!peer.profile().selectsByName)
    {
        return anyNameSelects();
    }
    peer.sendInfo(option, unheardName);
    peer.wantAnswer(option, {Rep::errUnknown, Rep::errTlsReqd});
    return peer.wantUsable();
}

Verdict unknownNameBare(Peer& peer, Opt option)
{
    if (!peer.profile().selectsByName)
    {
        return anyNameSelects();
    }
    peer.sendInfo(option, unheardName, {Info::name, Info::blockSize});
    if (const auto answer = peer.wantAnswer(option))
    {
        peer.want(answer->parts.empty(),
                  fmt::format("{} NBD_REP_INFO before {}", answer->parts.size(),
                              nameOf(answer->last.type)));
    }
    return peer.verdict();
}

Verdict dataTooShort(Peer& peer, Opt option)
{
    for (const size_t size : {0U, 4U, 5U})
    {
        wantMalformedRefused(peer, option, Bytes(size));
    }
    return peer.verdict();
}

Verdict nameBeyondData(Peer& peer, Opt option)
{
    wantMalformedRefused(peer, option, request(3, "x", 0));
    return wantMalformedRefused(peer, option, request(64, "x", 0));
}

Verdict nameLengthHuge(Peer& peer, Opt option)
{
    // 0xfffffffe plus the 2 of the count wraps to 0 in 32 bits.
    wantMalformedRefused(peer, option, request(0xffffffff, "x", 0));
    return wantMalformedRefused(peer, option, request(0xfffffffe, "x", 0));
}

Verdict requestsBeyondData(Peer& peer, Opt option)
{
    const std::string& name = peer.profile().exportName;
    const auto length = static_cast<uint32_t>(name.size());
    wantMalformedRefused(peer, option, request(length, name, 2, {Info::name}));
    return wantMalformedRefused(peer, option, request(length, name, 0xffff));
}

Verdict trailingData(Peer& peer, Opt option)
{
    const std::string& name = peer.profile().exportName;
    Bytes data = request(static_cast<uint32_t>(name.size()), name, 0);
    data.push_back(std::byte{0x7f});
    peer.allowClose(true);
    peer.sendOption(option, data);
    const auto answer = peer.wantAnswer(option, {Rep::ack, Rep::errInvalid});
    // One that accepted saw no violation, so it has no reason to hang up.
    peer.allowClose(answer && !answer->acknowledged());
    return wantInStep(peer, option, answer);
}

Verdict longestName(Peer& peer, Opt option)
{
    peer.sendInfo(option, std::string(stringMax, 'n'));
    const auto answer = peer.wantAnswer(
        option, {Rep::ack, Rep::errUnknown, Rep::errInvalid, Rep::errTlsReqd,
                 Rep::errTooBig, Rep::errPolicy});
    return wantInStep(peer, option, answer);
}

Verdict nameTooLong(Peer& peer, Opt option)
{
    for (const size_t size : {stringMax + 1, 65536U})
    {
        if (peer.closedByTarget())
        {
            peer.start();
        }
        peer.sendInfo(option, std::string(size, 'n'));
        peer.wantRefusal(option,
                         {Rep::errInvalid, Rep::errUnknown, Rep::errTooBig});
    }
    return peer.verdict();
}

Verdict nameWithNul(Peer& peer, Opt option)
{
    peer.sendInfo(option, peer.profile().exportName + '\0' + 'x');
    return peer.wantRefusal(option, {Rep::errInvalid, Rep::errUnknown});
}

} // namespace conformance::nbd::info
