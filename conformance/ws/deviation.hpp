// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "admission.hpp"
#include "conformance/wire/ws_frame.hpp"
#include "conformance/ws/handshake.hpp"

#include <openssl/types.h>

#include <chrono>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace conformance::ws
{

/// What is made of a frame.
struct Ruling
{
    enum class Act : uint8_t
    {
        accept,
        skip,   ///< its payload is read and forgotten
        fail,   ///< Close with `code`, and the end of TCP (7.1.7)
        hangUp, ///< the end of TCP without a Close
        stall,  ///< nothing more happens, but the connection stays
    };

    Act act = Act::accept;
    uint16_t code = 0;
    std::string words{};

    static Ruling fails(uint16_t code, std::string words)
    {
        return {Act::fail, code, std::move(words)};
    }
    bool accepts() const
    {
        return act == Act::accept;
    }
};

/// Why a connection is over.
enum class Why : uint8_t
{
    refused,  ///< no 101
    closed,   ///< a Close each way
    failed,   ///< our Close, because of what came
    noAnswer, ///< our Close was not answered in time, or nothing at all came
    vanished, ///< the client ended TCP without a Close
};

/// What becomes of TCP when a connection is over and all is sent.
enum class Ending : uint8_t
{
    fin,
    reset,
    waits, ///< a client's: the server ends it, or we do after a second
    never, ///< it is left open until the client resets it, or we stop
};

/// What the time is measured for.
struct Deadline
{
    enum class What : uint8_t
    {
        none,
        handshake, ///< since the beginning, until the head is there
        silence,   ///< since the last bytes: a ping is due
        pong,      ///< since that ping: it is dead
        close,     ///< since our Close
    };

    What what = What::none;
    std::chrono::milliseconds after{};
    int turn = 0; ///< another number: the time starts again
};

/// Where the reference server may be told to break exactly one rule, so that
/// the case for that rule can be seen to fail.
///
/// Shape:   each hook may be empty. It sees what was decided by the rules, and
///          changes it before it takes effect.
/// Threads: one copy a connection, whose own state starts as it was in the
///          table; what connections share is behind a shared_ptr, and atomic.
struct Deviation
{
    /// What came in one piece.
    std::function<void(Bytes& piece)> received{};
    /// What the client is told; `answer = upgraded(asked)` lets it in.
    std::function<void(const Asked& asked, Answer& answer)> answer{};
    /// All bytes of the response.
    std::function<void(const Asked& asked, std::string& text)> response{};
    /// A frame's header, and what the rules make of it: also of a frame that
    /// is right. What is changed in the header is what the frame is taken for.
    std::function<void(Header& header, Ruling& ruling)> frame{};
    /// A control frame whose payload is there.
    std::function<void(const Header& header, Bytes& body, Ruling& ruling)>
        control{};
    /// A piece of a text message; the last one's @p ends says so.
    std::function<void(ByteView piece, bool ends, Ruling& ruling)> text{};
    /// Payload for what is behind us: from byte @p offset of that frame on. An
    /// empty frame has one piece of nothing.
    std::function<void(const Header& header, uint64_t offset, Bytes& piece)>
        deliver{};
    /// Frames that we send: one, which may become none or several.
    std::function<void(std::vector<Frame>& frames)> send{};
    /// The same as bytes.
    std::function<void(Bytes& bytes)> sent{};
    std::function<void(Deadline& deadline)> deadline{};
    std::function<void(Why why, Ending& ending)> ending{};
    /// Whether the slot stays in use when this connection is over.
    std::function<bool(Why why)> keepsSlot{};
    /// Once, before the first client.
    std::function<void(SSL_CTX* context)> tls{};

    // Of a client only
    std::function<std::string(std::mt19937_64& random)> key{};
    std::function<MaskKey(std::mt19937_64& random)> mask{};
    std::function<void(Request& request)> request{};
    /// All bytes of it.
    std::function<void(std::string& text)> requestText{};
    /// A response, and why it does not open the WebSocket; "": it does.
    std::function<void(const Response& response, std::string& fault)> heard{};
    bool boundsNothing = false;  ///< a head may be of any length
    bool takesInterim = false;   ///< 1xx for the final response
    bool callsNobody = false;    ///< no SNI
    bool connectsAtOnce = false; ///< while another connection is CONNECTING
    bool staysDone = false;      ///< what ended behind it ends no session
    bool endsAtOnce = false;     ///< it does not wait for the server's FIN
    bool isContent = false;      ///< its exit status is always 0
    bool dialsAgain = false;     ///< at once, when the connection is lost
    bool follows = false;        ///< a redirection

    bool readsOn = false; ///< frames behind a Close, or a wrong one, count
    bool losesPipelined = false; ///< what came with the request is forgotten
    bool injects = false; ///< data of one without a slot go to the slot's owner
    bool takesAllOutput = false;     ///< however little of it the client takes
    bool stallsUnread = false;       ///< who does not read is cut off
    bool skipsCloseNotify = false;   ///< TLS ends without one
    bool leaksDescriptors = false;   ///< one a connection
    bool leaksMemory = false;        ///< 256 KiB a connection
    std::chrono::milliseconds lag{}; ///< before anything is sent
};

} // namespace conformance::ws
