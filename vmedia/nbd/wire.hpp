// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "pack.hpp"

#include <tl/expected.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// NBD messages, byte for byte. No I/O and no policy.
///
/// Source: doc/proto.md of the NBD project; its section titles are cited.
/// Units:  offset and length count bytes. Every integer is big-endian.
/// Errors: a decoder refuses only what it cannot represent. A request for an
///         unknown command decodes: refusing it is a server's job, and the
///         conformance cases have to send it.
namespace vmedia::nbd
{

/// Why bytes are not a message. The layer that knows the context makes an
/// Error of it.
enum class WireError : uint8_t
{
    badMagic,
    badLength, ///< an inner length or count disagrees with the data's
};

template <typename T>
using Decoded = tl::expected<T, WireError>;

// "Newstyle negotiation"
inline constexpr uint64_t nbdMagic = 0x4e42444d41474943;    // "NBDMAGIC"
inline constexpr uint64_t optionMagic = 0x49484156454f5054; // "IHAVEOPT"
inline constexpr uint64_t oldstyleMagic = 0x00420281861253; // "Oldstyle"
inline constexpr uint64_t optionReplyMagic = 0x0003e889045565a9;
// "Transmission"
inline constexpr uint32_t requestMagic = 0x25609513;
inline constexpr uint32_t simpleReplyMagic = 0x67446698;

/// "strings … 4096 bytes" ("Conventions")
inline constexpr uint32_t stringMax = 4096;

/// "Handshake flags", server to client
enum HandshakeFlag : uint16_t
{
    fixedNewstyle = 1 << 0,
    noZeroes = 1 << 1,
};

/// "Client flags"
enum ClientFlag : uint32_t
{
    clientFixedNewstyle = 1U << 0,
    clientNoZeroes = 1U << 1,
};

/// "Transmission flags"
enum TransmissionFlag : uint16_t
{
    hasFlags = 1 << 0,
    readOnly = 1 << 1,
    sendFlush = 1 << 2,
    sendFua = 1 << 3,
    rotational = 1 << 4,
    sendTrim = 1 << 5,
    sendWriteZeroes = 1 << 6,
    sendDf = 1 << 7,
    canMultiConn = 1 << 8,
    sendResize = 1 << 9,
    sendCache = 1 << 10,
    sendFastZero = 1 << 11,
    blockStatusPayload = 1 << 12,
};

/// "Option types". Any other value is an option that has no name.
enum class Opt : uint32_t
{
    exportName = 1,
    abort = 2,
    list = 3,
    peekExport = 4,
    startTls = 5,
    info = 6,
    go = 7,
    structuredReply = 8,
    listMetaContext = 9,
    setMetaContext = 10,
    extendedHeaders = 11,
};

/// "Option reply types"
enum class Rep : uint32_t
{
    ack = 1,
    server = 2,
    info = 3,
    metaContext = 4,
    errUnsup = (1U << 31) + 1,
    errPolicy = (1U << 31) + 2,
    errInvalid = (1U << 31) + 3,
    errPlatform = (1U << 31) + 4,
    errTlsReqd = (1U << 31) + 5,
    errUnknown = (1U << 31) + 6,
    errShutdown = (1U << 31) + 7,
    errBlockSizeReqd = (1U << 31) + 8,
    errTooBig = (1U << 31) + 9,
    errExtHeaderReqd = (1U << 31) + 10,
};

constexpr bool isError(Rep type)
{
    return (static_cast<uint32_t>(type) & (1U << 31)) != 0;
}

/// "NBD_REP_INFO": the information types
enum class Info : uint16_t
{
    exportSize = 0, ///< NBD_INFO_EXPORT
    name = 1,
    description = 2,
    blockSize = 3,
};

/// "Request types"
enum class Cmd : uint16_t
{
    read = 0,
    write = 1,
    disc = 2,
    flush = 3,
    trim = 4,
    cache = 5,
    writeZeroes = 6,
    blockStatus = 7,
    resize = 8,
};

/// "Command flags"
enum CommandFlag : uint16_t
{
    commandFua = 1 << 0,
    commandNoHole = 1 << 1,
    commandDf = 1 << 2,
    commandReqOne = 1 << 3,
    commandFastZero = 1 << 4,
    commandPayloadLen = 1 << 5,
};

/// "Error values"; 0 is success
enum class ErrorValue : uint32_t
{
    none = 0,
    eperm = 1,
    eio = 5,
    enomem = 12,
    einval = 22,
    enospc = 28,
    eoverflow = 75,
    enotsup = 95,
    eshutdown = 108,
};

/// The spec's own name ("NBD_OPT_GO"), or the type and number in hex for a
/// value that has none ("NBD_OPT 0x7777").
std::string nameOf(Opt option);
std::string nameOf(Rep type);
std::string nameOf(Info type);
std::string nameOf(Cmd type);
std::string nameOf(ErrorValue error);

/// "Newstyle negotiation": what the server sends first
struct Greeting
{
    static constexpr size_t wireSize = 18;
    uint16_t handshakeFlags;
    bool operator==(const Greeting&) const = default;
};

/// Before each option's data ("Fixed newstyle negotiation")
struct OptionHeader
{
    static constexpr size_t wireSize = 16;
    Opt option;
    uint32_t length;
    bool operator==(const OptionHeader&) const = default;
};

/// Before each option reply's data
struct OptionReplyHeader
{
    static constexpr size_t wireSize = 20;
    Opt option;
    Rep type;
    uint32_t length;
    bool operator==(const OptionReplyHeader&) const = default;
};

/// "Request message"; the data of a write follows it
struct Request
{
    static constexpr size_t wireSize = 28;
    uint16_t flags;
    Cmd type;
    uint64_t cookie;
    uint64_t offset;
    uint32_t length;
    bool operator==(const Request&) const = default;
};

/// "Simple reply message"; the data of a read follows it
struct SimpleReply
{
    static constexpr size_t wireSize = 16;
    ErrorValue error;
    uint64_t cookie;
    bool operator==(const SimpleReply&) const = default;
};

constexpr auto encode(const Greeting& g)
{
    return pack<Greeting::wireSize>(nbdMagic, optionMagic, g.handshakeFlags);
}

constexpr auto encode(const OptionHeader& h)
{
    return pack<OptionHeader::wireSize>(optionMagic, h.option, h.length);
}

constexpr auto encode(const OptionReplyHeader& h)
{
    return pack<OptionReplyHeader::wireSize>(optionReplyMagic, h.option, h.type,
                                             h.length);
}

constexpr auto encode(const Request& r)
{
    return pack<Request::wireSize>(requestMagic, r.flags, r.type, r.cookie,
                                   r.offset, r.length);
}

constexpr auto encode(const SimpleReply& r)
{
    return pack<SimpleReply::wireSize>(simpleReplyMagic, r.error, r.cookie);
}

constexpr Decoded<Greeting>
    decodeGreeting(std::span<const std::byte, Greeting::wireSize> in)
{
    Reader r{in};
    if (r.u64() != nbdMagic || r.u64() != optionMagic)
    {
        return tl::unexpected(WireError::badMagic);
    }
    return Greeting{r.u16()};
}

constexpr Decoded<OptionHeader>
    decodeOptionHeader(std::span<const std::byte, OptionHeader::wireSize> in)
{
    Reader r{in};
    if (r.u64() != optionMagic)
    {
        return tl::unexpected(WireError::badMagic);
    }
    // A braced list is evaluated left to right: this is wire order.
    return OptionHeader{Opt{r.u32()}, r.u32()};
}

constexpr Decoded<OptionReplyHeader> decodeOptionReplyHeader(
    std::span<const std::byte, OptionReplyHeader::wireSize> in)
{
    Reader r{in};
    if (r.u64() != optionReplyMagic)
    {
        return tl::unexpected(WireError::badMagic);
    }
    return OptionReplyHeader{Opt{r.u32()}, Rep{r.u32()}, r.u32()};
}

constexpr Decoded<Request>
    decodeRequest(std::span<const std::byte, Request::wireSize> in)
{
    Reader r{in};
    if (r.u32() != requestMagic)
    {
        return tl::unexpected(WireError::badMagic);
    }
    return Request{r.u16(), Cmd{r.u16()}, r.u64(), r.u64(), r.u32()};
}

constexpr Decoded<SimpleReply>
    decodeSimpleReply(std::span<const std::byte, SimpleReply::wireSize> in)
{
    Reader r{in};
    if (r.u32() != simpleReplyMagic)
    {
        return tl::unexpected(WireError::badMagic);
    }
    return SimpleReply{ErrorValue{r.u32()}, r.u64()};
}

/// The data of NBD_OPT_INFO and NBD_OPT_GO. The name is a view of the input:
/// neither checked for its length nor for its characters.
struct InfoRequest
{
    std::string_view name;
    std::vector<Info> wanted;
};

Decoded<InfoRequest> decodeInfoRequest(std::span<const std::byte> in);
std::vector<std::byte> encodeInfoRequest(std::string_view name,
                                         std::span<const Info> wanted);

/// NBD_REP_INFO with NBD_INFO_EXPORT
struct InfoExport
{
    static constexpr size_t wireSize = 12;
    uint64_t size;
    uint16_t flags;
    bool operator==(const InfoExport&) const = default;
};

/// NBD_REP_INFO with NBD_INFO_BLOCK_SIZE ("Size constraints")
struct InfoBlockSize
{
    static constexpr size_t wireSize = 14;
    uint32_t minimum;
    uint32_t preferred;
    uint32_t maximum;
    bool operator==(const InfoBlockSize&) const = default;
};

constexpr auto encode(const InfoExport& i)
{
    return pack<InfoExport::wireSize>(Info::exportSize, i.size, i.flags);
}

constexpr auto encode(const InfoBlockSize& i)
{
    return pack<InfoBlockSize::wireSize>(Info::blockSize, i.minimum,
                                         i.preferred, i.maximum);
}

/// The information type that leads the data of a NBD_REP_INFO is checked too.
Decoded<InfoExport> decodeInfoExport(std::span<const std::byte> in);
Decoded<InfoBlockSize> decodeInfoBlockSize(std::span<const std::byte> in);

} // namespace vmedia::nbd
