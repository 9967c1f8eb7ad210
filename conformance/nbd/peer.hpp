// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/answer.hpp"
#include "conformance/nbd/profile.hpp"
#include "conformance/nbd/reply_text.hpp"
#include "conformance/spawned.hpp"
#include "conformance/transport/channel.hpp"
#include "conformance/transport/connection.hpp"
#include "conformance/transport/dump.hpp"
#include "conformance/verdict.hpp"
#include "vmedia/nbd/negotiator.hpp"
#include "vmedia/nbd/wire.hpp"

#include <chrono>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace conformance::nbd
{

/// An option that no version of the protocol has.
inline constexpr vmedia::nbd::Opt unknownOption{0x766d0001};

inline constexpr uint32_t bothClientFlags = vmedia::nbd::clientFixedNewstyle |
                                            vmedia::nbd::clientNoZeroes;

/// No export has it: nobody types it, and no server makes it up.
inline constexpr std::string_view unheardName =
    "vmedia-conform: no such export";

/// For a case about an unknown name, where Profile::selectsByName is false.
inline Verdict anyNameSelects()
{
    return notApplicable("any name selects the export");
}

/// A client that sends any bytes, in step with a script of what it wants.
///
/// Shape:   send…() sends, want…() reads and judges. The first thing that is
///          not as wanted is the verdict, and from then on all of them do
///          nothing, so that a case reads as a straight line and ends with
///          `return peer.wantUsable();` or `return peer.verdict();`.
/// Errors:  none: whatever the target does becomes a verdict.
/// Time:    every wait has the same deadline.
class Peer
{
  public:
    Peer(Address address, const Profile& profile,
         std::chrono::milliseconds deadline, uint64_t seed,
         Spawned* process = nullptr,
         std::shared_ptr<WireLog> log = std::make_shared<WireLog>());

    /// A second client of the same target, with its own verdict and in the
    /// same log.
    Peer another();
    /// The same, that waits no longer than @p within for anything.
    Peer another(std::chrono::milliseconds within);

    const Profile& profile() const
    {
        return target;
    }
    const Verdict& verdict() const
    {
        return result;
    }
    /// For the log: what a case means or sees beside the bytes.
    void note(std::string line);
    /// What all of this goes into.
    const std::shared_ptr<WireLog>& log() const
    {
        return wireLog;
    }
    /// Random choices come from here, so that the seed repeats them.
    std::mt19937_64& random()
    {
        return generator;
    }

    // The session's beginning
    void connect();
    /// Drops the connection without a word.
    void hangUp();
    /// The same, and whatever is under way is lost: a reset.
    void drop();
    /// Sends no more, and still reads.
    void endSending();
    std::optional<uint16_t> wantGreeting();
    void sendClientFlags(uint32_t flags);
    /// The three above, with those of @p flags that the server offers: ready
    /// to haggle.
    void start(uint32_t flags = bothClientFlags);

    // TLS (peer_tls.cpp)
    /// NBD_OPT_STARTTLS with our right credentials, or with others; wants TLS.
    void secure();
    void secure(const TlsWish& with);
    /// NBD_OPT_STARTTLS; wants NBD_REP_ACK without data.
    void wantTlsStart();
    /// The handshake after that. It may fail, and that is no verdict yet.
    TlsHandshake shakeHands(const TlsWish& with);
    /// The handshake does not succeed, or if TLS 1.3 says so too late, no
    /// byte of NBD comes after it; the connection ends. Tells how it ended.
    std::string wantNoTls(const TlsWish& with);
    /// Below what the functions here do; null before connect().
    Channel* channel()
    {
        return connection ? &*connection : nullptr;
    }
    std::chrono::milliseconds patience() const
    {
        return deadline;
    }
    /// The target, if we started it.
    Spawned* process() const
    {
        return ours;
    }

    // Sending
    /// @p what is for the log, where the bytes do not say it.
    void send(vmedia::nbd::ByteView bytes, std::string what = {});
    /// Each byte on its own, once the one before it was taken.
    void sendByByte(vmedia::nbd::ByteView bytes, std::string_view what);
    void sendOption(vmedia::nbd::Opt option, vmedia::nbd::ByteView data = {});
    void sendOption(vmedia::nbd::Opt option, std::string_view data);
    /// @p length may differ from what is sent; nothing else does that.
    void sendOptionHeader(vmedia::nbd::Opt option, uint32_t length);
    /// NBD_OPT_INFO or NBD_OPT_GO; at a target that insists on it, with a wish
    /// for NBD_INFO_BLOCK_SIZE.
    void sendInfo(vmedia::nbd::Opt option, std::string_view name,
                  std::initializer_list<vmedia::nbd::Info> wanted = {});
    /// The data of that option.
    vmedia::nbd::Bytes
        infoRequest(std::string_view name,
                    std::span<const vmedia::nbd::Info> wanted = {}) const;
    /// The same with those wishes alone, as a client that knows no block sizes.
    void sendInfoOnly(vmedia::nbd::Opt option, std::string_view name,
                      std::initializer_list<vmedia::nbd::Info> wanted = {});
    /// The request, with a random cookie, which it gives.
    uint64_t sendRequest(vmedia::nbd::Cmd type, uint64_t offset = 0,
                         uint32_t length = 0);
    void sendDisconnect();
    /// As much of it as the target takes before it takes nothing for a
    /// while: what a client does that does not read. Gives how much.
    size_t sendUntilStuck(vmedia::nbd::ByteView bytes, std::string_view what);

    // Wanting
    /// Replies up to the last one. None once the verdict is not a pass.
    std::optional<Answer> wantAnswer(vmedia::nbd::Opt option);
    /// One answer that ends with one of @p accepted.
    std::optional<Answer>
        wantAnswer(vmedia::nbd::Opt option,
                   std::initializer_list<vmedia::nbd::Rep> accepted);
    Verdict wantReply(vmedia::nbd::Opt option, vmedia::nbd::Rep accepted);
    /// One of @p accepted and in step, or the connection closed: what the
    /// spec leaves to a server that saw a client break a MUST.
    Verdict wantRefusal(vmedia::nbd::Opt option,
                        std::initializer_list<vmedia::nbd::Rep> accepted);
    /// Whether from now on a closed connection is no failure.
    void allowClose(bool allowed)
    {
        closeAllowed = allowed;
    }
    /// The header of a simple reply with that cookie.
    std::optional<vmedia::nbd::ErrorValue> wantSimpleReply(uint64_t cookie);
    /// NBD_CMD_READ gives the data, so request and reply are in step.
    Verdict wantRead(uint32_t size, uint64_t offset = 0);
    /// The connection ends, and no byte comes before.
    Verdict wantClosed();
    /// Exactly @p size bytes.
    std::optional<vmedia::nbd::Bytes> wantBytes(size_t size,
                                                std::string_view what);
    /// The same connection answers an unknown option with NBD_REP_ERR_UNSUP.
    Verdict wantUsable();
    /// Any other condition; @p got tells what was seen instead.
    void want(bool condition, std::string got, std::string wanted = {});

    void conclude(Verdict verdict);
    bool stopped() const
    {
        return result.outcome != Outcome::pass;
    }
    /// The target ended the connection, where that is no failure by itself.
    bool closedByTarget() const
    {
        return closed;
    }

  private:
    std::optional<vmedia::nbd::OptionReply>
        wantOneReply(vmedia::nbd::Opt option);
    std::string ending(std::string_view what, const Received& received) const;

    Address address;
    const Profile& target;
    std::chrono::milliseconds deadline;
    std::mt19937_64 generator;
    std::optional<Channel> connection;
    Spawned* ours;
    bool closed = false;
    bool closeAllowed = false;
    Verdict result;
    std::shared_ptr<WireLog> wireLog;
};

/// Not applicable, unless something was wrong before that showed.
inline Verdict leaveOut(Peer& peer, std::string reason)
{
    peer.conclude(notApplicable(std::move(reason)));
    return peer.verdict();
}

} // namespace conformance::nbd
