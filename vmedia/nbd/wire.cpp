// SPDX-License-Identifier: Apache-2.0
#include "wire.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmedia::nbd
{

namespace
{

template <typename Value>
struct Named
{
    Value value;
    std::string_view name;
};

template <typename Value, size_t count>
std::string lookUp(const Named<Value> (&names)[count], Value value,
                   std::string_view kind)
{
    const auto* found = std::ranges::find(names, value, &Named<Value>::value);
    return found != std::end(names)
               ? std::string(found->name)
               : fmt::format("{} {:#x}", kind, detail::widen(value));
}

constexpr Named<Opt> options[] = {
    {Opt::exportName, "NBD_OPT_EXPORT_NAME"},
    {Opt::abort, "NBD_OPT_ABORT"},
    {Opt::list, "NBD_OPT_LIST"},
    {Opt::peekExport, "NBD_OPT_PEEK_EXPORT"},
    {Opt::startTls, "NBD_OPT_STARTTLS"},
    {Opt::info, "NBD_OPT_INFO"},
    {Opt::go, "NBD_OPT_GO"},
    {Opt::structuredReply, "NBD_OPT_STRUCTURED_REPLY"},
    {Opt::listMetaContext, "NBD_OPT_LIST_META_CONTEXT"},
    {Opt::setMetaContext, "NBD_OPT_SET_META_CONTEXT"},
    {Opt::extendedHeaders, "NBD_OPT_EXTENDED_HEADERS"},
};

constexpr Named<Rep> replies[] = {
    {Rep::ack, "NBD_REP_ACK"},
    {Rep::server, "NBD_REP_SERVER"},
    {Rep::info, "NBD_REP_INFO"},
    {Rep::metaContext, "NBD_REP_META_CONTEXT"},
    {Rep::errUnsup, "NBD_REP_ERR_UNSUP"},
    {Rep::errPolicy, "NBD_REP_ERR_POLICY"},
    {Rep::errInvalid, "NBD_REP_ERR_INVALID"},
    {Rep::errPlatform, "NBD_REP_ERR_PLATFORM"},
    {Rep::errTlsReqd, "NBD_REP_ERR_TLS_REQD"},
    {Rep::errUnknown, "NBD_REP_ERR_UNKNOWN"},
    {Rep::errShutdown, "NBD_REP_ERR_SHUTDOWN"},
    {Rep::errBlockSizeReqd, "NBD_REP_ERR_BLOCK_SIZE_REQD"},
    {Rep::errTooBig, "NBD_REP_ERR_TOO_BIG"},
    {Rep::errExtHeaderReqd, "NBD_REP_ERR_EXT_HEADER_REQD"},
};

constexpr Named<Info> infos[] = {
    {Info::exportSize, "NBD_INFO_EXPORT"},
    {Info::name, "NBD_INFO_NAME"},
    {Info::description, "NBD_INFO_DESCRIPTION"},
    {Info::blockSize, "NBD_INFO_BLOCK_SIZE"},
};

constexpr Named<Cmd> commands[] = {
    {Cmd::read, "NBD_CMD_READ"},
    {Cmd::write, "NBD_CMD_WRITE"},
    {Cmd::disc, "NBD_CMD_DISC"},
    {Cmd::flush, "NBD_CMD_FLUSH"},
    {Cmd::trim, "NBD_CMD_TRIM"},
    {Cmd::cache, "NBD_CMD_CACHE"},
    {Cmd::writeZeroes, "NBD_CMD_WRITE_ZEROES"},
    {Cmd::blockStatus, "NBD_CMD_BLOCK_STATUS"},
    {Cmd::resize, "NBD_CMD_RESIZE"},
};

constexpr Named<ErrorValue> errors[] = {
    {ErrorValue::none, "success"},
    {ErrorValue::eperm, "NBD_EPERM"},
    {ErrorValue::eio, "NBD_EIO"},
    {ErrorValue::enomem, "NBD_ENOMEM"},
    {ErrorValue::einval, "NBD_EINVAL"},
    {ErrorValue::enospc, "NBD_ENOSPC"},
    {ErrorValue::eoverflow, "NBD_EOVERFLOW"},
    {ErrorValue::enotsup, "NBD_ENOTSUP"},
    {ErrorValue::eshutdown, "NBD_ESHUTDOWN"},
};

} // namespace

std::string nameOf(Opt option)
{
    return lookUp(options, option, "NBD_OPT");
}

std::string nameOf(Rep type)
{
    return lookUp(replies, type, "NBD_REP");
}

std::string nameOf(Info type)
{
    return lookUp(infos, type, "NBD_INFO");
}

std::string nameOf(Cmd type)
{
    return lookUp(commands, type, "NBD_CMD");
}

std::string nameOf(ErrorValue error)
{
    return lookUp(errors, error, "error");
}

Decoded<InfoRequest> decodeInfoRequest(std::span<const std::byte> in)
{
    Reader r{in};
    if (r.left() < 4)
    {
        return tl::unexpected(WireError::badLength);
    }
    const uint32_t nameLength = r.u32();
    // Not `nameLength + 2`: that wraps (the shape of CVE-2022-26496).
    if (r.left() < 2 || nameLength > r.left() - 2)
    {
        return tl::unexpected(WireError::badLength);
    }
    InfoRequest request{r.text(nameLength), {}};
    const uint16_t count = r.u16();
    if (r.left() != size_t{count} * 2)
    {
        return tl::unexpected(WireError::badLength);
    }
    request.wanted.reserve(count);
    for (uint16_t i = 0; i < count; ++i)
    {
        request.wanted.push_back(Info{r.u16()});
    }
    return request;
}

std::vector<std::byte> encodeInfoRequest(std::string_view name,
                                         std::span<const Info> wanted)
{
    Bytes out;
    append(out, static_cast<uint32_t>(name.size()));
    append(out, name);
    append(out, static_cast<uint16_t>(wanted.size()));
    for (Info type : wanted)
    {
        append(out, type);
    }
    return out;
}

Decoded<InfoExport> decodeInfoExport(std::span<const std::byte> in)
{
    Reader r{in};
    if (r.left() != InfoExport::wireSize || Info{r.u16()} != Info::exportSize)
    {
        return tl::unexpected(WireError::badLength);
    }
    return InfoExport{r.u64(), r.u16()};
}

Decoded<InfoBlockSize> decodeInfoBlockSize(std::span<const std::byte> in)
{
    Reader r{in};
    if (r.left() != InfoBlockSize::wireSize || Info{r.u16()} != Info::blockSize)
    {
        return tl::unexpected(WireError::badLength);
    }
    return InfoBlockSize{r.u32(), r.u32(), r.u32()};
}

} // namespace vmedia::nbd
