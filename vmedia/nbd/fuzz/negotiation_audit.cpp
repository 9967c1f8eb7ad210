// SPDX-License-Identifier: Apache-2.0
#include "audit.hpp"

#include <algorithm>

namespace vmedia::nbd::fuzz
{

using ::fuzz::require;

ByteView Told::take(size_t size)
{
    if (rest.size() < size)
    {
        require(mayBeCut, "what is told ends behind a message");
        throw Cut{};
    }
    const ByteView bytes = rest.first(size);
    rest = rest.subspan(size);
    return bytes;
}

bool isPlainText(ByteView text)
{
    return !text.empty() && std::ranges::all_of(text, [](std::byte b) {
        return b >= std::byte{' '} && b < std::byte{0x7f};
    });
}

namespace
{

class Negotiation
{
  public:
    Negotiation(Reader& client, Told& server, const Catalogue& offered,
                const Circumstances& how) :
        said(client), told(server), offer(offered), mode(how.tls())
    {}

    std::optional<Agreed> run()
    {
        require(decodeGreeting(
                    told.take(Greeting::wireSize).first<Greeting::wireSize>())
                    .has_value(),
                "a greeting");
        if (said.left() < 4 || ((clientFlags = said.u32()) &
                                ~(clientFixedNewstyle | clientNoZeroes)) != 0)
        {
            told.wantEnd("without flags, and for unknown ones, no answer");
            return std::nullopt;
        }
        while (said.left() >= OptionHeader::wireSize)
        {
            const auto header =
                decodeOptionHeader(said.bytes(OptionHeader::wireSize)
                                       .first<OptionHeader::wireSize>());
            if (!header || header->length > said.left())
            {
                break;
            }
            const ByteView data = said.bytes(header->length);
            if (told.atEnd())
            {
                return std::nullopt; // it may give up at any time
            }
            if (header->option == Opt::exportName)
            {
                return onExportName(data);
            }
            answer(header->option, data);
            if (agreed || over)
            {
                return agreed;
            }
        }
        told.wantEnd("what is not an option, or not all of it, has no answer");
        return std::nullopt;
    }

  private:
    /// None if it may not be known here.
    std::optional<size_t> indexOf(std::string_view name) const
    {
        const auto found = std::ranges::find(offer.infos, name,
                                             &ExportInfo::name);
        if (found == offer.infos.end() ||
            (found->tlsOnly && !secured && mode != tls::Mode::off))
        {
            return std::nullopt;
        }
        return found - offer.infos.begin();
    }

    Agreed choose(std::string_view name, uint64_t size, uint16_t flags) const
    {
        const auto index = indexOf(name);
        require(index.has_value(), "what is chosen is on offer");
        require(size == offer.infos[*index].size, "the size is the export's");
        require((flags & hasFlags) != 0, "\"MUST always be 1\"");
        require(((flags & sendDf) != 0) == (replies != Replies::simple),
                "SEND_DF goes with structured replies");
        require(mode != tls::Mode::require || secured,
                "nothing is served before TLS");
        return {*index, flags, replies, allocationOf == index};
    }

    std::optional<Agreed> onExportName(ByteView data)
    {
        constexpr size_t reserved = 124;
        require(replies != Replies::extended, "not with extended headers");
        Reader r = told.reader(10);
        const uint64_t size = r.u64();
        const uint16_t flags = r.u16();
        if ((clientFlags & clientNoZeroes) == 0)
        {
            require(std::ranges::count(told.take(reserved), std::byte{0}) ==
                        reserved,
                    "124 bytes of zeroes");
        }
        Reader name{data};
        return choose(name.text(name.left()), size, flags);
    }

    /// All replies to one option.
    void answer(Opt option, ByteView data)
    {
        std::optional<InfoExport> info;
        bool context = false;
        if (option == Opt::setMetaContext)
        {
            allocationOf.reset();
        }
        for (bool last = false; !last;)
        {
            const auto header = decodeOptionReplyHeader(
                told.take(OptionReplyHeader::wireSize)
                    .first<OptionReplyHeader::wireSize>());
            require(header.has_value(), "an option reply");
            require(header->option == option, "of the option that was sent");
            require(header->length <= 2 * stringMax, "of a bounded length");
            const ByteView body = told.take(header->length);
            if (mode == tls::Mode::require && !secured)
            {
                require(option == Opt::startTls || option == Opt::abort ||
                            header->type == Rep::errTlsReqd,
                        "ERR_TLS_REQD before TLS");
            }
            last = header->type == Rep::ack || isError(header->type);
            switch (header->type)
            {
                case Rep::ack:
                    require(body.empty(), "NBD_REP_ACK has no data");
                    onAck(option, data, info, context);
                    break;
                case Rep::server:
                    require(option == Opt::list, "of NBD_OPT_LIST");
                    onServer(body);
                    break;
                case Rep::info:
                    require(option == Opt::info || option == Opt::go,
                            "of NBD_OPT_INFO or NBD_OPT_GO");
                    if (const auto decoded = decodeInfoExport(body))
                    {
                        require(!info, "each information once");
                        info = *decoded;
                    }
                    break;
                case Rep::metaContext:
                    require(option == Opt::setMetaContext ||
                                option == Opt::listMetaContext,
                            "of a meta context option");
                    context = true;
                    break;
                default:
                    require(isError(header->type), "a type that is known");
                    require(isPlainText(body), "an error for people to read");
            }
        }
    }

    void onServer(ByteView body)
    {
        Reader r{body};
        require(r.left() >= 4, "a length before the name");
        const uint32_t length = r.u32();
        require(length <= r.left(), "a name inside the reply");
        require(indexOf(r.text(length)).has_value(),
                "only what is on offer is listed");
    }

    void onAck(Opt option, ByteView data, const std::optional<InfoExport>& info,
               bool context)
    {
        switch (option)
        {
            case Opt::startTls:
                require(mode != tls::Mode::off && !secured, "TLS is offered");
                secured = true;
                replies = Replies::simple;
                allocationOf.reset();
                break;
            case Opt::abort:
                over = true;
                told.wantEnd("the ACK of NBD_OPT_ABORT is the last word");
                break;
            case Opt::structuredReply:
                require(replies != Replies::extended, "not back again");
                replies = Replies::structured;
                break;
            case Opt::extendedHeaders:
                replies = Replies::extended;
                break;
            case Opt::setMetaContext:
                require(replies != Replies::simple, "structured replies first");
                if (context)
                {
                    allocationOf = indexOf(decodeMetaRequest(data)->exportName);
                }
                break;
            case Opt::go:
            case Opt::info:
                require(info.has_value(), "NBD_INFO_EXPORT before the ACK");
                if (option == Opt::go)
                {
                    agreed = choose(decodeInfoRequest(data)->name, info->size,
                                    info->flags);
                }
                break;
            default:
                require(option == Opt::list || option == Opt::listMetaContext,
                        "only what is supported is acknowledged");
        }
    }

    Reader& said;
    Told& told;
    const Catalogue& offer;
    tls::Mode mode;
    uint32_t clientFlags = 0;
    bool secured = false;
    bool over = false;
    Replies replies = Replies::simple;
    std::optional<size_t> allocationOf{};
    std::optional<Agreed> agreed{};
};

} // namespace

std::optional<Agreed> auditNegotiation(Reader& said, Told& told,
                                       const Catalogue& offer,
                                       const Circumstances& circumstances)
{
    return Negotiation(said, told, offer, circumstances).run();
}

} // namespace vmedia::nbd::fuzz
