// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/meta.hpp"
#include "conformance/nbd/text.hpp"

namespace conformance::nbd
{

using namespace vmedia::nbd;
using namespace meta;

namespace
{

constexpr std::string_view querySpec = "proto.md, Metadata querying";

constexpr Case cases[] = {
    {
        .id = "nbd.option.meta-context.names",
        .spec = querySpec,
        .says = "The name MUST consist of a namespace, followed by a "
                "colon, followed by a leaf-name",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT without a query",
        .wants = "names with a namespace and a colon, of valid UTF-8 up to "
                 "4096 bytes",
        .run =
            [](Peer& peer) {
    begin(peer);
    for (const Context& one : query(peer, Opt::listMetaContext, {}))
    {
        const std::string fault =
            stringFault(std::as_bytes(std::span(one.name)));
        peer.want(fault.empty(), "a name with " + fault);
        const size_t space = one.name.find(':');
        peer.want(space != 0 && space != std::string::npos &&
                      one.name.find_first_of(" \t\r\n") > space,
                  "the name '" + one.name + "'", "namespace:leaf-name");
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.list-meta-context.qemu-wildcard",
        .spec = querySpec,
        .says = "The following additional third-party namespaces are "
                "currently registered: * `qemu`, maintained by [qemu.org]",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_LIST_META_CONTEXT with qemu:",
        .wants = "NBD_REP_ACK; what it lists is recorded",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto found = query(peer, Opt::listMetaContext, {"qemu:"});
    peer.wantUsable();
    peer.conclude(noted("lists " + textOf(found)));
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.set-meta-context.qemu-wildcard",
        .spec = querySpec,
        .says = "the empty leaf-name makes sense as a wildcard for a "
                "client query during `NBD_OPT_LIST_META_CONTEXT`, but "
                "SHOULD NOT select any contexts during "
                "`NBD_OPT_SET_META_CONTEXT`",
        .level = Level::should,
        .subject = Subject::server,
        .sends = "NBD_OPT_SET_META_CONTEXT with qemu:",
        .wants = "NBD_REP_ACK and no context",
        .run =
            [](Peer& peer) {
    begin(peer);
    const auto found = query(peer, Opt::setMetaContext, {"qemu:"});
    peer.want(found.empty(), textOf(found));
    return peer.wantUsable();
},
    },
};

} // namespace

const Area metaNameArea{"meta-context", cases};

} // namespace conformance::nbd
