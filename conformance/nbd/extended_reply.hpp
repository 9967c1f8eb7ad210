// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/peer.hpp"
#include "vmedia/nbd/chunk.hpp"
#include "vmedia/nbd/terms.hpp"

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace conformance::nbd
{

/// One message of a reply: simple, structured or with an extended header.
struct ReplyPart
{
    vmedia::nbd::Replies form;
    uint16_t flags;
    vmedia::nbd::Chunk type; ///< of a simple reply, what it amounts to
    uint64_t cookie;
    uint64_t offset;         ///< in an extended header
    vmedia::nbd::Bytes data;
};

/// All that came in answer to one request.
struct WholeReply
{
    std::vector<ReplyPart> parts;
    vmedia::nbd::ErrorValue error = vmedia::nbd::ErrorValue::none;

    /// Of that type, in their order.
    std::vector<const ReplyPart*> of(vmedia::nbd::Chunk type) const;
};

/// What NBD_CMD_BLOCK_STATUS tells of one context.
struct Extents
{
    uint32_t context;
    std::vector<std::pair<uint64_t, uint64_t>> extents; ///< length, status
};

/// A client that haggles for a form of replies, and then talks in it.
///
/// Shape:  as Peer: what is not as wanted is the peer's verdict. What the
///         server does not have makes the case not applicable.
class Conversation
{
  public:
    Conversation(Peer& client, vmedia::nbd::Replies wanted) :
        peer(client), form(wanted)
    {}

    /// Asks for the replies, unless they are simple.
    void negotiate();
    /// NBD_OPT_GO for the export; an export of less than 1024 bytes makes the
    /// case not applicable.
    void go(std::initializer_list<vmedia::nbd::Info> wanted = {});
    /// negotiate() and go()
    void enter();

    uint64_t size() const
    {
        return info.size;
    }
    bool has(uint16_t transmissionFlag) const
    {
        return (info.flags & transmissionFlag) != 0;
    }

    /// With a random cookie, which it gives. With extended headers a payload
    /// sets NBD_CMD_FLAG_PAYLOAD_LEN and is the length.
    uint64_t send(vmedia::nbd::Cmd type, uint64_t offset = 0,
                  uint64_t length = 0, uint16_t flags = 0,
                  vmedia::nbd::ByteView payload = {});
    /// Any other extended request; gives its cookie.
    uint64_t sendRaw(vmedia::nbd::ExtendedRequest request,
                     vmedia::nbd::ByteView payload = {});
    /// One whole reply. None once the verdict is not a pass, or closed.
    std::optional<WholeReply> wantReply(uint64_t cookie, vmedia::nbd::Cmd type,
                                        uint64_t length = 0);
    /// send() and wantReply()
    std::optional<WholeReply> ask(vmedia::nbd::Cmd type, uint64_t offset = 0,
                                  uint64_t length = 0, uint16_t flags = 0,
                                  vmedia::nbd::ByteView payload = {});
    void wantError(const std::optional<WholeReply>& reply,
                   std::initializer_list<vmedia::nbd::ErrorValue> accepted);
    /// The data of a read that has to succeed.
    vmedia::nbd::Bytes read(uint64_t offset, uint32_t length);
    /// A block can be read, so request and reply are in step.
    Verdict wantInStep();
    /// The status chunks of a reply, decoded; a malformed one is a failure.
    std::vector<Extents> extentsIn(const std::optional<WholeReply>& reply);

  private:
    std::optional<ReplyPart> wantPart(vmedia::nbd::Cmd type, uint64_t length);

    Peer& peer;
    vmedia::nbd::Replies form;
    vmedia::nbd::InfoExport info{};
};

} // namespace conformance::nbd
