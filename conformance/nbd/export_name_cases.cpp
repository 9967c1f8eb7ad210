// SPDX-License-Identifier: Apache-2.0
#include "conformance/nbd/all_cases.hpp"
#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr std::string_view exportNameSpec =
    "proto.md, Option types, NBD_OPT_EXPORT_NAME (1)";
constexpr std::string_view conventions = "proto.md, Conventions";
constexpr size_t described = 10; // size and transmission flags
constexpr size_t reserved = 124; // "124 bytes, zeroes (reserved)"

/// Takes the export and leaves at once, so that whatever follows the @p size
/// bytes shows before the connection ends.
Bytes takeExport(Peer& peer, uint32_t clientFlags, size_t size)
{
    peer.start(clientFlags);
    peer.sendOption(Opt::exportName, peer.profile().exportName);
    Bytes bytes = peer.wantBytes(size, "the export's size and flags")
                      .value_or(Bytes(size));
    peer.sendDisconnect();
    peer.wantClosed();
    return bytes;
}

Verdict wantReserved(Peer& peer, uint32_t clientFlags)
{
    const Bytes bytes = takeExport(peer, clientFlags, described + reserved);
    for (size_t i = described; i < bytes.size(); ++i)
    {
        peer.want(bytes[i] == std::byte{0},
                  fmt::format("byte {} is {:#x}", i,
                              std::to_integer<unsigned>(bytes[i])),
                  "zeroes from byte 10 on");
    }
    return peer.verdict();
}

/// A name that may be served or not, but has to be one or the other.
Verdict servedOrTerminated(Peer& peer, std::string_view name)
{
    peer.sendOption(Opt::exportName, name);
    peer.allowClose(true);
    if (peer.wantBytes(described, "the export's size and flags"))
    {
        peer.sendDisconnect();
        peer.wantClosed();
    }
    return peer.verdict();
}

constexpr Case cases[] = {
    {
        .id = "nbd.option.export-name.no-zeroes",
        .spec = "proto.md, Handshake flags",
        .says = "the server MUST NOT send the 124 bytes of zero when the "
                "client ends negotiation with `NBD_OPT_EXPORT_NAME`",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags 0x3, NBD_OPT_EXPORT_NAME, NBD_CMD_DISC",
        .wants = "10 bytes, then the end of the connection",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    if ((peer.profile().handshakeFlags & noZeroes) == 0)
    {
        return notApplicable("NBD_FLAG_NO_ZEROES is not offered");
    }
    takeExport(peer, bothClientFlags, described);
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.export-name.zeroes",
        .spec = "proto.md, Newstyle negotiation",
        .says = "S: 124 bytes, zeroes (reserved) (unless "
                "`NBD_FLAG_C_NO_ZEROES` was negotiated by the client)",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags 0x1, NBD_OPT_EXPORT_NAME, NBD_CMD_DISC",
        .wants = "134 bytes, the last 124 zero, then the end",
        .start = Start::connected,
        .run =
            [](Peer& peer) { return wantReserved(peer, clientFixedNewstyle); },
    },
    {
        .id = "nbd.option.export-name.nonfixed",
        .spec = exportNameSpec,
        .says = "This is the only valid option in nonfixed newstyle "
                "negotiation",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "client flags 0, NBD_OPT_EXPORT_NAME, NBD_CMD_DISC",
        .wants = "134 bytes, the last 124 zero, then the end",
        .start = Start::connected,
        .run = [](Peer& peer) { return wantReserved(peer, 0); },
    },
    {
        .id = "nbd.option.export-name.has-flags",
        .spec = "proto.md, Transmission flags",
        .says = "bit 0, `NBD_FLAG_HAS_FLAGS`: MUST always be 1",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME",
        .wants = "transmission flags with bit 0",
        .start = Start::connected,
        .run =
            [](Peer& peer) {
    const Bytes bytes = takeExport(peer, bothClientFlags, described);
    Reader reader{bytes};
    reader.u64();
    const uint16_t flags = reader.u16();
    peer.want((flags & hasFlags) != 0,
              fmt::format("transmission flags {:#x}", flags));
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.export-name.unknown-terminates",
        .spec = exportNameSpec,
        .says = "If the chosen export does not exist [...] the server MUST "
                "terminate the session",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME with a name that no export has",
        .wants = "the connection closed without a byte",
        .run =
            [](Peer& peer) {
    if (!peer.profile().selectsByName)
    {
        return anyNameSelects();
    }
    peer.sendOption(Opt::exportName, unheardName);
    return peer.wantClosed();
},
    },
    {
        .id = "nbd.option.export-name.longest",
        .spec = conventions,
        .says = "MUST be no longer than 4096 bytes. This applies to export "
                "names",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME with a name of 4096 bytes",
        .wants = "the export, or the connection closed",
        .run =
            [](Peer& peer) {
    return servedOrTerminated(peer, std::string(stringMax, 'n'));
},
    },
    {
        .id = "nbd.option.export-name.too-long",
        .spec = conventions,
        .says = "MUST be no longer than 4096 bytes. This applies to export "
                "names",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME with a name of 4097 bytes",
        .wants = "the connection closed (the shape of CVE-2017-15118)",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::exportName, std::string(stringMax + 1, 'n'));
    return peer.wantClosed();
},
    },
    {
        .id = "nbd.option.export-name.nul-is-no-end",
        .spec = conventions,
        .says = "that string is a sequence of UTF-8 code points, which is "
                "not `NUL` terminated, MUST NOT contain `NUL` characters",
        .level = Level::must,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME with the export's name, NUL and an x",
        .wants = "the connection closed: that name cannot exist",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::exportName, peer.profile().exportName + '\0' + 'x');
    return peer.wantClosed();
},
    },
    {
        .id = "nbd.option.export-name.empty",
        .spec = exportNameSpec,
        .says = "A special, \"empty\", name (i.e., the length field is zero "
                "and no name is specified), is reserved for a \"default\" "
                "export",
        .level = Level::may,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME with an empty name, and NBD_OPT_INFO "
                 "with one",
        .wants = "the export or a closed connection, as NBD_OPT_INFO says",
        .run =
            [](Peer& peer) {
    peer.sendInfo(Opt::info, "");
    const auto info = peer.wantAnswer(Opt::info);
    peer.sendOption(Opt::exportName, "");
    peer.allowClose(true);
    const bool served =
        peer.wantBytes(described, "the export's size and flags").has_value();
    if (served)
    {
        peer.sendDisconnect();
        peer.wantClosed();
    }
    if (info)
    {
        peer.conclude(noted(fmt::format("{}; NBD_OPT_INFO gets {}",
                                        served ? "served" : "terminated",
                                        nameOf(info->last.type))));
    }
    return peer.verdict();
},
    },
    {
        .id = "nbd.option.export-name.length-huge",
        .spec = conventions,
        .says = "MUST be no longer than 4096 bytes. This applies to "
                "export names",
        .level = Level::robustness,
        .subject = Subject::server,
        .sends = "NBD_OPT_EXPORT_NAME with a name of 1 MiB, and one that "
                 "announces 0xffffffff bytes and has 16",
        .wants = "the connection closed (the shape of CVE-2022-26495)",
        .run =
            [](Peer& peer) {
    peer.sendOption(Opt::exportName, std::string(1 << 20, 'n'));
    peer.wantClosed();
    peer.start();
    peer.sendOptionHeader(Opt::exportName, 0xffffffff);
    peer.send(Bytes(16, std::byte{'n'}), "16 bytes");
    return peer.wantClosed();
},
    },
};

} // namespace

const Area exportNameArea{"export-name", cases};

} // namespace conformance::nbd
