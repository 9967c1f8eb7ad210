// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/text.hpp"
#include "info_bodies.hpp"

#include <fmt/format.h>

#include <algorithm>

/// Bodies about what is asked for and told, rather than about lengths.
namespace conformance::nbd::info
{

using namespace vmedia::nbd;

namespace
{

constexpr std::initializer_list<Info> types = {
    Info::exportSize, Info::name, Info::description, Info::blockSize};

/// Records how @p answer ended.
Verdict record(Peer& peer, Opt option, const std::optional<Answer>& answer)
{
    wantInStep(peer, option, answer);
    if (answer || peer.closedByTarget())
    {
        peer.conclude(noted(answer ? nameOf(answer->last.type)
                                   : "closes the connection"));
    }
    return peer.verdict();
}

} // namespace

Verdict requestsBeforeEnd(Peer& peer, Opt option)
{
    const std::string& name = peer.profile().exportName;
    Bytes data;
    append(data, static_cast<uint32_t>(name.size()));
    append(data, name);
    append(data, uint16_t{1});
    append(data, Info::name);
    append(data, Info::blockSize);
    peer.allowClose(true);
    peer.sendOption(option, data);
    const auto answer = peer.wantAnswer(option, {Rep::ack, Rep::errInvalid});
    peer.allowClose(answer && !answer->acknowledged());
    return wantInStep(peer, option, answer);
}

Verdict emptyName(Peer& peer, Opt option)
{
    peer.sendInfo(option, "");
    return record(
        peer, option,
        peer.wantAnswer(option, {Rep::ack, Rep::errUnknown, Rep::errTlsReqd,
                                 Rep::errPolicy, Rep::errBlockSizeReqd}));
}

Verdict nameNotText(Peer& peer, Opt option)
{
    peer.allowClose(true);
    peer.sendInfo(option, "\xc3\x28\xff");
    const auto answer = peer.wantAnswer(option);
    peer.allowClose(answer && !answer->acknowledged());
    return record(peer, option, answer);
}

Verdict askedTwice(Peer& peer, Opt option)
{
    std::vector<Info> wanted(types);
    wanted.insert(wanted.end(), types);
    peer.sendOption(option,
                    peer.infoRequest(peer.profile().exportName, wanted));
    const auto answer = peer.wantAnswer(option, {Rep::ack, Rep::errInvalid});
    for (const Info type : types)
    {
        const size_t count = answer ? answer->infos(type).size() : 0;
        peer.want(count <= 1, fmt::format("{} {} times", nameOf(type), count));
    }
    return wantInStep(peer, option, answer);
}

Verdict textsAreStrings(Peer& peer, Opt option)
{
    peer.sendInfo(option, peer.profile().exportName,
                  {Info::name, Info::description});
    const auto answer = peer.wantAnswer(option, {Rep::ack});
    for (const Info type : {Info::name, Info::description})
    {
        for (const ByteView text :
             answer ? answer->infos(type) : std::vector<ByteView>{})
        {
            const std::string fault = stringFault(text);
            peer.want(fault.empty(), nameOf(type) + " with " + fault);
        }
    }
    return wantInStep(peer, option, answer);
}

Verdict nameAsListed(Peer& peer, Opt option)
{
    const auto& listed = peer.profile().listed;
    if (!listed)
    {
        return notApplicable("the server gives no list");
    }
    peer.sendInfo(option, peer.profile().exportName, {Info::name});
    const auto answer = peer.wantAnswer(option, {Rep::ack});
    for (const ByteView text :
         answer ? answer->infos(Info::name) : std::vector<ByteView>{})
    {
        const std::string name(Reader{text}.text(text.size()));
        peer.want(std::ranges::find(*listed, name) != listed->end(),
                  "NBD_INFO_NAME '" + name + "'", "a name of the list");
    }
    return wantInStep(peer, option, answer);
}

} // namespace conformance::nbd::info
