// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/peer.hpp"
#include "vmedia/nbd/chunk.hpp"
#include "vmedia/nbd/terms.hpp"

namespace conformance::nbd
{

/// What a reply of any form begins with; of a simple one, what it amounts to.
struct ReplyHeader
{
    vmedia::nbd::Replies form = vmedia::nbd::Replies::simple;
    uint16_t flags = vmedia::nbd::replyDone;
    vmedia::nbd::Chunk type = vmedia::nbd::Chunk::none;
    uint64_t cookie = 0;
    uint64_t offset = 0; ///< in an extended header
    uint64_t length = 0; ///< of the payload; a simple reply does not tell
    vmedia::nbd::ErrorValue error = vmedia::nbd::ErrorValue::none; ///< simple
};

bool isError(vmedia::nbd::Chunk type);

/// The next header, in the form that was agreed on: any other is a failure.
std::optional<ReplyHeader> wantReplyHeader(Peer& peer,
                                           vmedia::nbd::Replies agreed,
                                           std::string_view what);

} // namespace conformance::nbd
