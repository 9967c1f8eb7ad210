// SPDX-License-Identifier: Apache-2.0
#include "packet.hpp"

namespace conformance
{

using vmedia::nbd::append;
using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;

namespace
{

constexpr uint32_t clientAddress = 0xc0000201; // RFC 5737: for documentation
constexpr uint32_t serverAddress = 0xc0000202;

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

} // namespace

Packet packetOf(const Segment& segment, uint64_t at, ByteView payload,
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

} // namespace conformance
