// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "deviation.hpp"
#include "utf8.hpp"

#include <optional>
#include <random>
#include <string_view>

/// One end of a WebSocket that does what RFC 6455 wants, or breaks exactly one
/// rule. No socket and no clock in here: bytes in, bytes and events out.
namespace conformance::ws
{

enum class TextRule : uint8_t
{
    reject, ///< Close 1003
    accept, ///< it is checked (8.1), and delivered as binary is
};

struct Terms
{
    Admission admission{};
    TextRule text = TextRule::reject;
    uint64_t messageMax = 16 << 20;           ///< bytes; more: Close 1009
    size_t headMax = 16 << 10;                ///< bytes; more: 431
    std::chrono::milliseconds handshake{10000};
    std::chrono::milliseconds silence{30000}; ///< then a ping; 0: none
    std::chrono::milliseconds pong{30000};
    std::chrono::milliseconds close{1000};
};

struct Event
{
    enum class Kind : uint8_t
    {
        opened, ///< `words` is the path
        data,   ///< binary payload as it comes, of whatever message
        text,   ///< the same of a text message
        over,   ///< `why`, `code` and `words` tell why
    };

    Kind kind{};
    Bytes bytes{};
    std::string words{};
    Why why{};
    uint16_t code = 0; ///< the Close's; 0: there was none
};

///   opening --101----------------------------------> open
///   opening --refused, deadline, FIN---------------> over
///   open --Close, a wrong frame, no pong, FIN------> over
///   open --close()---------------------------------> closing
///   closing --Close, a wrong frame, deadline, FIN--> over
class Engine
{
  public:
    virtual ~Engine() = default;

    void receive(ByteView bytes);
    /// The client has ended TCP.
    void ended();
    /// deadline() has passed.
    void expired();

    void sendData(ByteView bytes);
    void sendPing(ByteView payload);
    void close(uint16_t code, std::string_view reason);

    Bytes takeOutput();
    std::vector<Event> takeEvents();
    Deadline deadline() const;

    bool isOpen() const
    {
        return phase == Phase::open;
    }
    /// takeOutput() is the last of it; then TCP ends as ending() says.
    bool isOver() const
    {
        return phase == Phase::over;
    }
    Ending ending() const
    {
        return endingChosen;
    }
    Why why() const
    {
        return reason;
    }
    const Deviation& deviation() const
    {
        return deviates;
    }

  protected:
    Engine(Terms terms, Deviation deviation);

    /// What has come of the head of the opening handshake: opened() or
    /// finish() if it is whole, or stall().
    virtual void readHead() = 0;
    std::string_view heard() const;
    void say(std::string_view text);
    /// The WebSocket is open; so many bytes were its head.
    void opened(size_t head, std::string words);
    /// So many bytes were a head, but not the last one.
    void forgetHead(size_t head);
    /// Nothing more happens, but the connection stays.
    void stall();
    void finish(Why why, uint16_t code, std::string words);
    /// We are a client: what we send is masked, and what comes is not.
    void actAsClient(uint64_t seed);

    Terms rules;
    Deviation deviates;
    size_t scanned = 0; ///< of a head: no line ends before

  private:
    enum class Phase : uint8_t
    {
        opening,
        open,
        closing,
        stalled,
        over,
    };
    struct Current // a frame whose payload is not all there
    {
        Header header{};
        uint64_t seen = 0;
        bool skipped = false;
        Bytes body{}; // of a control frame
    };
    struct Message    // one that has not ended
    {
        Opcode opcode{};
        uint64_t length = 0;
        Utf8 text{};
    };

    void readFrames();
    bool startFrame();
    bool takePayload();
    Ruling judge(const Header& header) const;
    Ruling judgeData(const Header& header) const;
    Ruling judge(Opcode opcode, ByteView body) const;
    Ruling judgeText(ByteView piece, bool ends);
    void takeData(Bytes piece);
    void endFrame();
    void onControl();
    bool obey(const Ruling& ruling);
    void send(Opcode opcode, Bytes payload);
    void restart(Deadline::What what, std::chrono::milliseconds after);
    MaskKey nextMask();

    Phase phase = Phase::opening;
    Bytes input{};
    size_t consumed = 0; // of it, by frames
    Bytes output{};
    std::vector<Event> happened{};
    Deadline time{};
    std::optional<Current> current{};
    std::optional<Message> message{};
    bool saidClose = false;
    bool masks = false;
    std::mt19937_64 random{};
    Ending endingChosen = Ending::fin;
    Why reason{};
};

/// Whether an endpoint may send it in a Close (7.4, and IANA's registry).
bool isCloseCode(uint16_t code);

} // namespace conformance::ws
