// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "message.hpp"
#include "vmedia/nbd/wire.hpp"

#include <optional>

namespace conformance
{

/// The shapes of NBD's messages.
enum class NbdForm : uint8_t
{
    greeting,
    oldGreeting,
    clientFlags,
    option,
    optionReply,
    exportReply, ///< to NBD_OPT_EXPORT_NAME: no magic leads it
    request,
    extendedRequest,
    simpleReply,
    chunk,
    extendedChunk,
};

/// What leads a message with a magic number: as many bytes as tell its length.
size_t headerSize(NbdForm form);

/// Names the fields of @p message, whose bytes are there from its first one
/// on. @p of is the request that a reply belongs to.
void layOut(NbdForm form, Message& message,
            std::optional<vmedia::nbd::Cmd> of = std::nullopt);

} // namespace conformance
