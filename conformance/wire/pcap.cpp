// SPDX-License-Identifier: Apache-2.0
#include "pcap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace conformance
{

using vmedia::nbd::append;
using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

namespace
{

constexpr uint32_t clientAddress = 0xc0000201; // RFC 5737: for documentation
constexpr uint32_t serverAddress = 0xc0000202;
constexpr uint16_t firstClientPort = 40000;

enum TcpFlag : uint8_t
{
    fin = 1,
    syn = 2,
    rst = 4,
    psh = 8,
    ack = 16,
};

/// One packet; what lies beyond its bytes was not captured.
struct Frame
{
    uint64_t at; ///< µs since 1970
    Bytes bytes;
    uint64_t length;
    std::string comment{};
};

/// RFC 1071, of 16-bit words
class Checksum
{
  public:
    void add(ByteView bytes)
    {
        for (size_t i = 0; i < bytes.size(); ++i)
        {
            const auto byte = std::to_integer<uint64_t>(bytes[i]);
            sum += i % 2 == 0 ? byte << 8 : byte;
        }
    }
    uint16_t value() const
    {
        uint64_t folded = sum;
        while (folded > 0xffff)
        {
            folded = (folded & 0xffff) + (folded >> 16);
        }
        return static_cast<uint16_t>(~folded);
    }

  private:
    uint64_t sum = 0;
};

void put(Bytes& bytes, size_t at, uint16_t value)
{
    bytes[at] = static_cast<std::byte>(value >> 8);
    bytes[at + 1] = static_cast<std::byte>(value);
}

struct Segment
{
    bool fromClient;
    uint16_t clientPort;
    uint16_t serverPort;
    uint32_t sequence;
    uint32_t acknowledged;
    uint8_t flags;
};

/// Ethernet, IPv4 (RFC 791) and TCP (RFC 9293) around @p payload; @p missing
/// bytes more have no bytes here.
Frame frameOf(const Segment& segment, uint64_t at, ByteView payload,
              uint64_t missing)
{
    // The segments of an ordinary Ethernet, and a window that is never full:
    // 65535 << 14 (RFC 7323).
    constexpr auto greetings = vmedia::nbd::pack<8>(uint32_t{0x020405b4},
                                                    uint32_t{0x0103030e});
    const ByteView options = (segment.flags & syn) != 0 ? ByteView(greetings)
                                                        : ByteView();
    const uint16_t tcpSize =
        static_cast<uint16_t>(20 + options.size() + payload.size() + missing);
    const uint32_t from = segment.fromClient ? clientAddress : serverAddress;
    const uint32_t to = segment.fromClient ? serverAddress : clientAddress;
    Bytes bytes;
    // Locally administered addresses that end as the IP addresses do.
    append(bytes, uint16_t{0x0200});
    append(bytes, to);
    append(bytes, uint16_t{0x0200});
    append(bytes, from);
    append(bytes, uint16_t{0x0800});
    const size_t ip = bytes.size();
    append(bytes, uint16_t{0x4500});
    append(bytes, static_cast<uint16_t>(20 + tcpSize));
    append(bytes, uint32_t{0x00004000}); // not to be fragmented
    append(bytes, uint16_t{0x4006});     // 64 hops, TCP
    append(bytes, uint16_t{0});
    append(bytes, from);
    append(bytes, to);
    Checksum header;
    header.add(ByteView(bytes).subspan(ip));
    put(bytes, ip + 10, header.value());
    const size_t tcp = bytes.size();
    append(bytes, segment.fromClient ? segment.clientPort : segment.serverPort);
    append(bytes, segment.fromClient ? segment.serverPort : segment.clientPort);
    append(bytes, segment.sequence);
    append(bytes, segment.acknowledged);
    append(bytes, static_cast<uint16_t>((20 + options.size()) / 4 << 12 |
                                        segment.flags));
    append(bytes, uint16_t{0xffff}); // the window
    append(bytes, uint32_t{0});      // checksum, urgent pointer
    append(bytes, options);
    append(bytes, payload);
    if (missing == 0)
    {
        Bytes pseudo;
        append(pseudo, from);
        append(pseudo, to);
        append(pseudo, uint16_t{6});
        append(pseudo, tcpSize);
        Checksum whole;
        whole.add(pseudo);
        whole.add(ByteView(bytes).subspan(tcp));
        put(bytes, tcp + 16, whole.value());
    }
    const uint64_t length = bytes.size() + missing;
    return {at, std::move(bytes), length};
}

/// The packets of a case.
class Capture
{
  public:
    Capture(const Wire& of, uint16_t port) : wire(of), serverPort(port)
    {
        for (const WireEntry& entry : wire.entries)
        {
            add(entry);
        }
        if (!frames.empty())
        {
            say(frames.back());
        }
    }

    std::vector<Frame> frames;

  private:
    /// A connection's two halves: the next number to send, and whether it will
    /// send more.
    struct Half
    {
        uint32_t next;
        bool open = true;
    };
    struct Flow
    {
        Half client{1000};
        Half server{5000};
        bool gone = false; ///< reset
    };

    void add(const WireEntry& entry)
    {
        const auto at =
            static_cast<uint64_t>(std::max<int64_t>(0, wire.began)) + entry.at;
        switch (entry.kind)
        {
            case WireKind::sent:
            case WireKind::received:
                carry(at, entry);
                break;
            case WireKind::connected:
                flow(at, entry.connection);
                break;
            case WireKind::refused:
                refused(at, entry);
                break;
            case WireKind::endSent:
            case WireKind::closed:
                end(at, entry.connection, true);
                break;
            case WireKind::endReceived:
                end(at, entry.connection, false);
                break;
            case WireKind::resetByUs:
            case WireKind::resetByPeer:
                reset(at, entry.connection, entry.kind == WireKind::resetByUs);
                break;
            case WireKind::tls:
                comments.push_back("TLS (what goes over it is in clear "
                                   "here): " +
                                   entry.text);
                break;
            case WireKind::silence:
                comments.push_back("nothing came: " + entry.text);
                break;
            case WireKind::note:
                comments.push_back(entry.text);
                break;
            case WireKind::cut:
                cut(at, entry);
                break;
        }
    }

    void carry(uint64_t at, const WireEntry& entry)
    {
        const bool sent = entry.kind == WireKind::sent;
        if (entry.below)
        {
            comments.push_back(fmt::format("{} bytes {} below TLS, left out",
                                           entry.length,
                                           sent ? "sent" : "received"));
            return;
        }
        push(at, entry.connection, sent, entry.head);
        skip(at, entry.connection, sent, entry.missing());
        push(at, entry.connection, sent, entry.tail);
    }

    void push(uint64_t at, uint32_t connection, bool sent, ByteView bytes)
    {
        constexpr size_t most = 1460; // of an ordinary Ethernet
        while (!bytes.empty())
        {
            const ByteView part = bytes.first(std::min(bytes.size(), most));
            segment(at, connection, sent, uint8_t{psh | ack}, part);
            bytes = bytes.subspan(part.size());
        }
    }

    void skip(uint64_t at, uint32_t connection, bool sent, uint64_t count)
    {
        constexpr uint64_t most = 65000; // of what an IPv4 packet holds
        // Beyond that, what is missing shows as lost packets.
        constexpr uint64_t framesMost = 16384; // a gigabyte
        if (count > framesMost * most)
        {
            comments.push_back(
                fmt::format("{} bytes are left out here", count));
            half(flow(at, connection), sent).next +=
                static_cast<uint32_t>(count - framesMost * most);
            count = framesMost * most;
        }
        while (count != 0)
        {
            const uint64_t part = std::min(count, most);
            segment(at, connection, sent, uint8_t{psh | ack}, {}, part);
            count -= part;
        }
    }

    void cut(uint64_t at, const WireEntry& entry)
    {
        comments.push_back(
            fmt::format("{} more entries were not kept", entry.length));
        for (const WireLoss& loss : entry.lost)
        {
            skip(at, loss.connection, true, loss.sent);
            skip(at, loss.connection, false, loss.received);
        }
    }

    void refused(uint64_t at, const WireEntry& entry)
    {
        Flow& one = flows[entry.connection];
        comments.push_back("no connection: " + entry.text);
        one.client.open = one.server.open = false;
        one.gone = true;
        emit(at, entry.connection, true, one.client.next, 0, syn);
        emit(at, entry.connection, false, 0, one.client.next + 1,
             uint8_t{rst | ack});
    }

    void end(uint64_t at, uint32_t connection, bool ours)
    {
        Half& one = half(flow(at, connection), ours);
        if (one.open && !flows[connection].gone)
        {
            segment(at, connection, ours, uint8_t{fin | ack}, {});
            ++one.next;
            one.open = false;
        }
    }

    void reset(uint64_t at, uint32_t connection, bool ours)
    {
        Flow& one = flow(at, connection);
        if (!one.gone)
        {
            segment(at, connection, ours, uint8_t{rst | ack}, {});
            one.gone = true;
        }
    }

    static Half& half(Flow& flow, bool ours)
    {
        return ours ? flow.client : flow.server;
    }

    /// With its three-way handshake, if it is new.
    Flow& flow(uint64_t at, uint32_t connection)
    {
        const auto [place, isNew] = flows.try_emplace(connection);
        Flow& one = place->second;
        if (isNew)
        {
            emit(at, connection, true, one.client.next++, 0, syn);
            emit(at, connection, false, one.server.next++, one.client.next,
                 uint8_t{syn | ack});
            emit(at, connection, true, one.client.next, one.server.next, ack);
        }
        return one;
    }

    void segment(uint64_t at, uint32_t connection, bool ours, uint8_t flags,
                 ByteView payload, uint64_t missing = 0)
    {
        Flow& one = flow(at, connection);
        Half& from = half(one, ours);
        emit(at, connection, ours, from.next, half(one, !ours).next, flags,
             payload, missing);
        from.next += static_cast<uint32_t>(payload.size() + missing);
    }

    void emit(uint64_t at, uint32_t connection, bool ours, uint32_t sequence,
              uint32_t acknowledged, uint8_t flags, ByteView payload = {},
              uint64_t missing = 0)
    {
        const auto port = static_cast<uint16_t>(firstClientPort + connection);
        frames.push_back(
            frameOf({ours, port, serverPort, sequence, acknowledged, flags}, at,
                    payload, missing));
        say(frames.back());
    }

    /// Comments go with the frame that follows what they are about.
    void say(Frame& frame)
    {
        for (const std::string& comment : comments)
        {
            frame.comment += (frame.comment.empty() ? "" : "\n") + comment;
        }
        comments.clear();
    }

    const Wire& wire;
    uint16_t serverPort;
    std::map<uint32_t, Flow> flows;
    std::vector<std::string> comments;
};

/// A block of the file, whose integers are little-endian here.
class Block
{
  public:
    explicit Block(uint32_t type)
    {
        u32(type);
        u32(0); // its length
    }
    void u16(uint16_t value)
    {
        text.push_back(static_cast<char>(value));
        text.push_back(static_cast<char>(value >> 8));
    }
    void u32(uint32_t value)
    {
        u16(static_cast<uint16_t>(value));
        u16(static_cast<uint16_t>(value >> 16));
    }
    void bytes(ByteView data)
    {
        for (const std::byte byte : data)
        {
            text.push_back(static_cast<char>(byte));
        }
        pad();
    }
    void option(uint16_t code, std::string_view value)
    {
        constexpr size_t longest = 60000;
        value = value.substr(0, longest);
        if (!value.empty())
        {
            u16(code);
            u16(static_cast<uint16_t>(value.size()));
            text += value;
            pad();
        }
    }
    void write(std::ostream& out)
    {
        u32(0); // the end of the options
        const auto length = static_cast<uint32_t>(text.size() + 4);
        u32(length);
        for (size_t i = 0; i < 4; ++i)
        {
            text[4 + i] = static_cast<char>(length >> (8 * i));
        }
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
    }

  private:
    void pad()
    {
        while (text.size() % 4 != 0)
        {
            text.push_back('\0');
        }
    }

    std::string text;
};

constexpr uint16_t optComment = 1;

void writeSection(const PcapTitle& title, std::ostream& out)
{
    constexpr uint16_t shbUserAppl = 4;
    Block section(0x0a0d0d0a);
    section.u32(0x1a2b3c4d); // byte order
    section.u16(1);          // version 1.0
    section.u16(0);
    section.u32(0xffffffff); // length: not told
    section.u32(0xffffffff);
    section.option(optComment, title.comment);
    section.option(shbUserAppl, title.application);
    section.write(out);
    Block interface(1);
    interface.u16(1); // Ethernet; times in µs
    interface.u16(0);
    interface.u32(0); // no limit for what was captured
    interface.write(out);
}

} // namespace

void writePcap(const Wire& wire, const PcapTitle& title, std::ostream& out)
{
    writeSection(title, out);
    for (const Frame& frame : Capture(wire, title.port).frames)
    {
        Block packet(6);
        packet.u32(0); // the interface
        packet.u32(static_cast<uint32_t>(frame.at >> 32));
        packet.u32(static_cast<uint32_t>(frame.at));
        packet.u32(static_cast<uint32_t>(frame.bytes.size()));
        packet.u32(static_cast<uint32_t>(frame.length));
        packet.bytes(frame.bytes);
        packet.option(optComment, frame.comment);
        packet.write(out);
    }
}

} // namespace conformance
