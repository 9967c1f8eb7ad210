// SPDX-License-Identifier: Apache-2.0
#include "pcap.hpp"

#include "packet.hpp"
#include "pcap_block.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace conformance
{

using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

namespace
{

constexpr uint16_t firstClientPort = 40000;

/// The packets of a case.
class Capture
{
  public:
    Capture(const Wire& of, uint16_t port, bool serves) :
        wire(of), serverPort(port), weServe(serves)
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

    std::vector<Packet> frames;

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
                end(at, entry.connection, !weServe);
                break;
            case WireKind::endReceived:
                end(at, entry.connection, weServe);
                break;
            case WireKind::resetByUs:
            case WireKind::resetByPeer:
                reset(at, entry.connection,
                      (entry.kind == WireKind::resetByUs) != weServe);
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
        const bool byClient = sent != weServe;
        push(at, entry.connection, byClient, entry.head);
        skip(at, entry.connection, byClient, entry.missing());
        push(at, entry.connection, byClient, entry.tail);
    }

    void push(uint64_t at, uint32_t connection, bool byClient, ByteView bytes)
    {
        constexpr size_t most = 1460; // of an ordinary Ethernet
        while (!bytes.empty())
        {
            const ByteView part = bytes.first(std::min(bytes.size(), most));
            segment(at, connection, byClient, uint8_t{psh | ack}, part);
            bytes = bytes.subspan(part.size());
        }
    }

    void skip(uint64_t at, uint32_t connection, bool byClient, uint64_t count)
    {
        constexpr uint64_t most = 65000; // of what an IPv4 packet holds
        // Beyond that, what is missing shows as lost packets.
        constexpr uint64_t framesMost = 16384; // a gigabyte
        if (count > framesMost * most)
        {
            comments.push_back(
                fmt::format("{} bytes are left out here", count));
            half(flow(at, connection), byClient).next +=
                static_cast<uint32_t>(count - framesMost * most);
            count = framesMost * most;
        }
        while (count != 0)
        {
            const uint64_t part = std::min(count, most);
            segment(at, connection, byClient, uint8_t{psh | ack}, {}, part);
            count -= part;
        }
    }

    void cut(uint64_t at, const WireEntry& entry)
    {
        comments.push_back(
            fmt::format("{} more entries were not kept", entry.length));
        for (const WireLoss& loss : entry.lost)
        {
            skip(at, loss.connection, !weServe, loss.sent);
            skip(at, loss.connection, weServe, loss.received);
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

    void end(uint64_t at, uint32_t connection, bool byClient)
    {
        Half& one = half(flow(at, connection), byClient);
        if (one.open && !flows[connection].gone)
        {
            segment(at, connection, byClient, uint8_t{fin | ack}, {});
            ++one.next;
            one.open = false;
        }
    }

    void reset(uint64_t at, uint32_t connection, bool byClient)
    {
        Flow& one = flow(at, connection);
        if (!one.gone)
        {
            segment(at, connection, byClient, uint8_t{rst | ack}, {});
            one.gone = true;
        }
    }

    static Half& half(Flow& flow, bool byClient)
    {
        return byClient ? flow.client : flow.server;
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

    void segment(uint64_t at, uint32_t connection, bool byClient, uint8_t flags,
                 ByteView payload, uint64_t missing = 0)
    {
        Flow& one = flow(at, connection);
        Half& from = half(one, byClient);
        emit(at, connection, byClient, from.next, half(one, !byClient).next,
             flags, payload, missing);
        from.next += static_cast<uint32_t>(payload.size() + missing);
    }

    void emit(uint64_t at, uint32_t connection, bool byClient,
              uint32_t sequence, uint32_t acknowledged, uint8_t flags,
              ByteView payload = {}, uint64_t missing = 0)
    {
        const auto port = static_cast<uint16_t>(firstClientPort + connection);
        frames.push_back(packetOf(
            {byClient, port, serverPort, sequence, acknowledged, flags}, at,
            payload, missing));
        say(frames.back());
    }

    /// Comments go with the frame that follows what they are about.
    void say(Packet& frame)
    {
        for (const std::string& comment : comments)
        {
            frame.comment += (frame.comment.empty() ? "" : "\n") + comment;
        }
        comments.clear();
    }

    const Wire& wire;
    uint16_t serverPort;
    bool weServe;
    std::map<uint32_t, Flow> flows;
    std::vector<std::string> comments;
};

constexpr uint16_t optComment = 1;

void writeSection(const PcapTitle& title, std::ostream& out)
{
    constexpr uint16_t shbUserAppl = 4;
    PcapBlock section(0x0a0d0d0a);
    section.u32(0x1a2b3c4d); // byte order
    section.u16(1);          // version 1.0
    section.u16(0);
    section.u32(0xffffffff); // length: not told
    section.u32(0xffffffff);
    section.option(optComment, title.comment);
    section.option(shbUserAppl, title.application);
    section.write(out);
    PcapBlock interface(1);
    interface.u16(1); // Ethernet; times in µs
    interface.u16(0);
    interface.u32(0); // no limit for what was captured
    interface.write(out);
}

} // namespace

void writePcap(const Wire& wire, const PcapTitle& title, std::ostream& out)
{
    writeSection(title, out);
    for (const Packet& frame : Capture(wire, title.port, title.weServe).frames)
    {
        PcapBlock packet(6);
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
