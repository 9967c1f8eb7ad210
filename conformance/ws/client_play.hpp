// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/ws/peer.hpp"
#include "vmedia/nbd/wire.hpp"

namespace conformance::ws
{

using NbdRequest = vmedia::nbd::Request; // not that of HTTP

/// We play the NBD client, step by step, to a server behind the target.
///
/// Shape:  hearGreeting(), then enter() or options of a case's own; then
///         requests. Whatever goes wrong is the peer's verdict.
class ClientPlay
{
  public:
    void hearGreeting(Peer& peer);
    /// For that greeting.
    Bytes flags() const;
    /// NBD_OPT_EXPORT_NAME of the default export: it is the one option whose
    /// every byte is ASCII.
    static Bytes chooseDefault();
    /// The answer to that.
    void hearExport(Peer& peer);
    /// All of these.
    void begin(Peer& peer);

    /// An option that no server has: NBD_REP_ERR_UNSUP is owed to it.
    static Bytes unknownOption(std::string_view data);
    static void wantUnsupported(Peer& peer);

    uint64_t exportSize() const
    {
        return size;
    }
    bool isReadOnly() const
    {
        return readOnly;
    }

    /// With a new cookie.
    static NbdRequest request(Peer& peer, vmedia::nbd::Cmd type,
                              uint64_t offset, uint32_t length);
    /// The head of a reply to @p request, with or without an error.
    static std::optional<vmedia::nbd::ErrorValue>
        hearReply(Peer& peer, const NbdRequest& request);

  private:
    uint16_t handshakeFlags = 0;
    uint64_t size = 1;
    bool readOnly = false;
};

} // namespace conformance::ws
