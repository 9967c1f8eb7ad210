// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/extended_reply.hpp"

#include <string>

/// What the cases about metadata contexts share.
namespace conformance::nbd::meta
{

inline constexpr std::string_view listSpec =
    "proto.md, Option types, NBD_OPT_LIST_META_CONTEXT (9)";
inline constexpr std::string_view setSpec =
    "proto.md, Option types, NBD_OPT_SET_META_CONTEXT (10)";
inline constexpr vmedia::nbd::Opt both[] = {vmedia::nbd::Opt::listMetaContext,
                                            vmedia::nbd::Opt::setMetaContext};

struct Context
{
    uint32_t id;
    std::string name;
    bool operator==(const Context&) const = default;
};

/// With structured replies, at a server that has metadata contexts; else the
/// case is not applicable.
void begin(Peer& peer);

void ask(Peer& peer, vmedia::nbd::Opt option, std::string_view exportName,
         std::initializer_list<std::string_view> queries);

/// The contexts of an answer that has to end with NBD_REP_ACK.
std::vector<Context> contexts(Peer& peer, vmedia::nbd::Opt option);

/// ask() about the export, and contexts()
std::vector<Context> query(Peer& peer, vmedia::nbd::Opt option,
                           std::initializer_list<std::string_view> queries);

/// "base:allocation and qemu:x", or "none"
std::string textOf(const std::vector<Context>& found);

} // namespace conformance::nbd::meta
