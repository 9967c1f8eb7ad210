// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/script.hpp"
#include "conformance/spawned.hpp"
#include "conformance/transport/channel.hpp"
#include "conformance/wire/ws_frame.hpp"
#include "conformance/ws/byte_queue.hpp"
#include "conformance/ws/gate.hpp"
#include "conformance/ws/handshake.hpp"
#include "conformance/ws/target.hpp"

#include <chrono>
#include <functional>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace conformance::ws
{

/// A frame that came, unmasked if it was masked.
struct Seen
{
    Header header;
    Bytes payload;
};

/// For Peer::wantFailed(): the end without a Close frame is as good.
inline constexpr uint16_t noClose = 0;
/// What a Close frame of ours says that breaks a rule: who sends this code back
/// took the frame for a good one.
inline constexpr uint16_t wrongCloseCode = 4321;

/// "the connection closed", "nothing" …: what came instead of what was wanted.
std::string_view describe(Ended ended);

/// How the target's half of a connection ended.
struct Ending
{
    std::optional<CloseReason> close{}; ///< the Close frame, if one came
    Ended ended = Ended::no;            ///< of the connection below
    std::string how{};                  ///< what TLS has to say of it
};

/// A WebSocket client that sends any bytes, in step with a script of what it
/// wants, or behind a gate the server that such a client dials. See Script.
///
/// Shape:  send…() sends, want…() reads and judges. The payload of data frames
///         runs together into one stream: boundaries mean nothing to NBD. Pings
///         are answered wherever something is read.
/// Time:   every wait has the same deadline; "nothing happens" is told by a
///         fence (a PING whose PONG shows that what was before it is done), not
///         by a wait.
class Peer : public Script
{
  public:
    Peer(const Profile& profile, std::chrono::milliseconds deadline,
         uint64_t seed, Spawned* process = nullptr,
         std::shared_ptr<WireLog> log = std::make_shared<WireLog>());

    /// The server at @p gate: the target dials it.
    Peer(const Profile& profile, Gate& gate, std::chrono::milliseconds deadline,
         uint64_t seed,
         std::shared_ptr<WireLog> log = std::make_shared<WireLog>());

    /// A second client of the same target, or a second server for it, with a
    /// verdict of its own and in the same log.
    Peer another();

    const Profile& profile() const
    {
        return target;
    }
    std::mt19937_64& random()
    {
        return generator;
    }
    std::chrono::milliseconds patience() const
    {
        return deadline;
    }
    /// Whether what is below us is the target and all that it needs.
    bool mayWatch() const
    {
        return ours != nullptr || (gate != nullptr && gate->startsClient());
    }
    /// The target, if we started it.
    Spawned* process() const
    {
        return ours;
    }

    // The connection
    void connect();
    /// From the next connect() on, see Connection::Width.
    void narrow()
    {
        width = Connection::Width::narrow;
    }
    /// Drops the connection without a word: FIN.
    void hangUp();
    /// The same by RST, and what is under way is lost.
    void reset();
    /// Sends no more, and still reads.
    void endSending();
    Channel* channel()
    {
        return connection ? &*connection : nullptr;
    }

    // The other side of it: a client dials us
    /// In the URL that the next connect() asks the target to dial.
    void dialWith(std::string more)
    {
        urlEnds = std::move(more);
    }
    /// Path and query of that URL.
    const std::string& dialled() const
    {
        return url;
    }
    const std::string& host() const
    {
        return at;
    }
    /// The values of that field in the last request.
    std::vector<std::string> heardOf(std::string_view name) const
    {
        return asked ? valuesOf(asked->fields, name)
                     : std::vector<std::string>();
    }
    /// Whether the client is one process for all its connections.
    bool clientStays() const
    {
        return gate != nullptr && gate->clientStays();
    }
    /// connect() without a verdict where nobody comes within that time.
    bool dialsWithin(std::chrono::milliseconds time);
    /// How much has come by then, and waits to be read.
    size_t heardWithin(std::chrono::milliseconds time);
    /// Whether the connection ends within that time, or the client tells an
    /// end; what comes meanwhile waits to be read.
    bool endsWithin(std::chrono::milliseconds time);
    /// We leave it to the client to end TCP after the Close frames.
    void holdEnd()
    {
        holdsEnd = true;
    }
    /// Another connection of the same visit within that time: whether it came.
    bool comesAgain(std::chrono::milliseconds within);
    /// The head of a request, whatever it says.
    std::optional<Request> wantRequest();
    /// connect() and wantRequest().
    std::optional<Request> receiveRequest();
    /// @p behind goes with it in one segment.
    void send(const Response& response, ByteView behind = {});
    /// After a response that opens nothing: the target ends the connection, and
    /// has not begun to speak.
    void wantGivenUp();
    /// See Visit. None if the target cannot tell, or does not.
    std::optional<Farewell> farewell(std::chrono::milliseconds grace);
    /// The target tells that its session went wrong, if it can tell.
    void wantToldAsError(std::string_view of);

    // The opening handshake
    /// The request that opens the target, with a new key.
    Request request();
    void send(const Request& request);
    /// A head, as it stands; @p what is for the transcript.
    void sendHead(std::string_view head, std::string_view what);
    /// For wantOpen(), where the request does not say it plainly.
    void expectKey(std::string key);
    /// A head of HTTP; nothing if the connection ends before, which is a
    /// verdict only if @p mayEnd is not set.
    std::optional<Response> wantResponse(bool mayEnd = false);
    /// For the case that a slot is in use, and shall be: without this, a
    /// target that serves one client at a time is asked again and again while
    /// it answers 409 or 503, for two seconds, for the one before may still be
    /// on its way out.
    void mayBeBusy()
    {
        busyIsWell = true;
    }
    /// 101 that opens the WebSocket for the key of request().
    std::optional<Response> wantOpen();
    /// connect(), request and wantOpen().
    void open();
    /// Any status but 101, or the end of the connection; with @p statuses one
    /// of them, and any other of 400 and more is a warning.
    void wantRefused(std::initializer_list<int> statuses = {});

    // Sending frames
    /// As it stands: unmasked, if it has no mask.
    void sendFrame(const Frame& frame);
    /// @p frame with mask(), its bytes only: to be sent with others.
    Bytes framed(Frame frame);
    /// A new one, if we are the client: "A server MUST NOT mask any frames".
    std::optional<MaskKey> mask();
    /// A final frame, with a new mask if we are the client.
    void send(Opcode opcode, ByteView payload);
    void sendData(ByteView payload)
    {
        send(Opcode::binary, payload);
    }
    /// @p before and @p behind go with it in one segment.
    void sendClose(std::optional<uint16_t> code = 1000,
                   std::string_view reason = {}, ByteView behind = {},
                   ByteView before = {});
    void sendBytes(ByteView bytes, std::string_view what);
    /// As much of it as the target takes before it takes nothing for a while,
    /// or ends the connection. Whether that was all.
    bool sendUntilStuck(ByteView bytes, std::string_view what);
    /// As much of it as the target takes while we read nothing; the rest waits
    /// for sendRest().
    void sendUnread(ByteView bytes, std::string_view what);
    void sendRest();
    /// Takes in what has come of HTTP, and ending() tells if it was the end.
    void pollEnd();
    /// Reads nothing for that long; less if the connection ends.
    void leaveUnread(std::chrono::milliseconds time);
    /// Each byte in a segment of its own (TCP_NODELAY, no delayed send).
    void sendInPieces(ByteView bytes, size_t pieceSize, std::string_view what);

    // Wanting
    /// The next frame. None, without a verdict, at the end of the connection:
    /// ending() tells of it.
    std::optional<Seen> nextFrame();
    /// The next one of what has come already.
    std::optional<Seen> nextBuffered();
    /// The next one with @p opcode, whatever comes before it. None, without a
    /// verdict, at a Close frame or the end of the connection.
    std::optional<Seen> nextOf(Opcode opcode);
    /// After a wait in which nothing came: that is no end.
    void goOn();
    /// From now on pings are not answered.
    void ignorePings()
    {
        answersPings = false;
    }
    /// Takes what comes for @p time, as a peer does that is slow to speak;
    /// less if Close or the end comes.
    void waitOut(std::chrono::milliseconds time);
    /// From now on a Close of the target gets no answer.
    void leaveCloseUnanswered()
    {
        answersClose = false;
    }
    /// PING with a nonce, and all up to its PONG. False, without a verdict, if
    /// Close or the end came instead. Data goes to the stream.
    bool fence();
    /// To be called with the payload of each PONG that is read.
    void onPong(std::function<void(const Bytes&)> hear)
    {
        hearsPong = std::move(hear);
    }
    /// fence(), and it is a failure if the target is not there any more.
    void wantOpenStill();
    /// @p size bytes of the stream, taken off its front.
    std::optional<Bytes> wantStream(size_t size, std::string_view what);
    /// What has come of the stream until now.
    size_t streamSize() const
    {
        return stream.size();
    }
    /// All of that.
    Bytes takeStream();
    /// A Close frame, and it is answered; any of @p codes, or any at all.
    std::optional<CloseReason>
        wantClose(std::initializer_list<uint16_t> codes = {});
    /// The connection ends, and no data comes before.
    void wantEnd();
    /// We say Close, the target answers and ends the connection.
    void closeWell();

    /// What the target owes to @p bytes, that break a rule: they are sent with
    /// a PING behind them, in one segment.
    ///
    ///   Close with one of @p codes, then the end .... pass
    ///   another code ................................ warn
    ///   the end without a Close (7.1.7, SHOULD) ..... warn
    ///   the connection left open after its Close .... warn
    ///   data that came of them ...................... fail
    ///   PONG: it went on as if nothing were wrong ... fail
    ///   Close with wrongCloseCode ................... fail
    ///
    /// Data is no failure where nobody knows what is behind the target.
    void wantFailed(ByteView bytes, std::string_view what,
                    std::initializer_list<uint16_t> codes = {1002});
    /// For wantFailed(): so many bytes of data may come of what was sent before
    /// these, by now or later.
    void mayHaveSaid(size_t size)
    {
        owed = size;
    }
    /// wantFailed() for what was sent before, where a PING cannot follow.
    void wantGone(std::initializer_list<uint16_t> codes);

    /// What is not as it should be, but breaks no rule.
    void warn(std::string got, std::string wanted);

    const Ending& ending() const
    {
        return end;
    }
    /// The same in words: the Close frame, or what came of the connection.
    std::string endingInWords() const;
    /// Every header that came in this session, for the cases that watch.
    const std::vector<Header>& headers() const
    {
        return seenHeaders;
    }

  private:
    void forget();
    void receive();
    void endAsServer();
    std::optional<std::string> wantHead(std::string_view what, bool mayEnd);
    std::optional<Bytes> take(size_t size);
    bool fill(size_t size);
    std::optional<Response> wantOneResponse(bool mayEnd);
    void answerTo(const Seen& frame);

    const Profile& target;
    std::chrono::milliseconds deadline;
    std::mt19937_64 generator;
    Spawned* ours;
    Gate* gate = nullptr;
    std::string urlEnds{};
    std::string url{}; ///< what it was asked to dial
    std::string at{};
    std::unique_ptr<Visit> visit{};
    std::optional<Channel> connection{};
    std::string sentKey{};
    std::optional<Request> asked{}; ///< the last one, of whichever side
    bool busyIsWell = false;
    Connection::Width width = Connection::Width::usual;
    ByteQueue buffer{}; ///< came, and is not taken apart yet
    ByteQueue stream{}; ///< data payload that nobody took yet
    Ending end{};
    bool sentClose = false;
    bool holdsEnd = false;
    std::function<void(const Bytes&)> hearsPong{};
    bool answersPings = true;
    size_t owed = 0; ///< data that is no answer to what breaks a rule
    bool answersClose = true;
    std::vector<Header> seenHeaders{};
};

/// Not applicable, unless something was wrong before that showed.
inline Verdict leaveOut(Peer& peer, std::string reason)
{
    peer.conclude(notApplicable(std::move(reason)));
    return peer.verdict();
}

} // namespace conformance::ws
