// SPDX-License-Identifier: Apache-2.0
#include "meta.hpp"

#include <fmt/format.h>

namespace conformance::nbd::meta
{

using namespace vmedia::nbd;

void begin(Peer& peer)
{
    Conversation(peer, Replies::structured).negotiate();
    ask(peer, Opt::listMetaContext, peer.profile().exportName, {"base:"});
    const auto answer = peer.wantAnswer(Opt::listMetaContext);
    if (answer && answer->last.type == Rep::errUnsup)
    {
        peer.conclude(notApplicable("the server has no metadata contexts"));
    }
}

void ask(Peer& peer, Opt option, std::string_view exportName,
         std::initializer_list<std::string_view> queries)
{
    peer.sendOption(option, encodeMetaRequest(exportName, queries));
}

std::vector<Context> contexts(Peer& peer, Opt option)
{
    std::vector<Context> found;
    const auto answer = peer.wantAnswer(option, {Rep::ack});
    if (!answer)
    {
        return found;
    }
    for (const OptionReply& part : answer->parts)
    {
        peer.want(part.type == Rep::metaContext && part.data.size() >= 4,
                  describe(part), "NBD_REP_META_CONTEXT with an id");
        if (peer.stopped())
        {
            break;
        }
        Reader reader{part.data};
        const uint32_t id = reader.u32();
        found.push_back({id, std::string(reader.text(reader.left()))});
    }
    return found;
}

std::vector<Context> query(Peer& peer, Opt option,
                           std::initializer_list<std::string_view> queries)
{
    ask(peer, option, peer.profile().exportName, queries);
    return contexts(peer, option);
}

std::string textOf(const std::vector<Context>& found)
{
    std::string text;
    for (const Context& one : found)
    {
        text += fmt::format("{}{} (id {})", text.empty() ? "" : ", ", one.name,
                            one.id);
    }
    return text.empty() ? "none" : text;
}

} // namespace conformance::nbd::meta
