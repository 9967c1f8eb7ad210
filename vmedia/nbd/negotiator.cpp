// SPDX-License-Identifier: Apache-2.0
#include "negotiator.hpp"

#include "chunk.hpp"
#include "option_reply.hpp"

#include <algorithm>

namespace vmedia::nbd
{

Negotiator::Negotiator(std::span<const ExportInfo> served,
                       NegotiationLimits bounds, tls::Mode mode) :
    exports(served), limits(bounds), tlsMode(mode)
{}

void Negotiator::onTlsEstablished()
{
    // "the server MUST … forget … structured replies … or metadata contexts"
    // issued before STARTTLS: state that came in clear may be an attacker's.
    secured = true;
    replies = Replies::simple;
    allocationOf = nullptr;
}

void Negotiator::onStopping()
{
    stopping = true;
}

std::optional<Step> Negotiator::refusedByState(Opt option) const
{
    if (tlsMode == tls::Mode::require && !secured && option != Opt::startTls &&
        option != Opt::abort)
    {
        if (option == Opt::exportName)
        {
            return Step{Phase::closed, {}};
        }
        return refuse(option, Rep::errTlsReqd,
                      "this server speaks only after NBD_OPT_STARTTLS");
    }
    if (stopping && option != Opt::abort)
    {
        if (option == Opt::exportName)
        {
            return Step{Phase::closed, {}};
        }
        return refuse(option, Rep::errShutdown,
                      "the server is being shut down");
    }
    return std::nullopt;
}

Bytes Negotiator::greeting()
{
    return toBytes(encode(Greeting{fixedNewstyle | noZeroes}));
}

Phase Negotiator::onClientFlags(uint32_t flags)
{
    // "the server MUST drop the TCP connection if the client sets an unknown
    // flag" ("Client flags")
    constexpr uint32_t known = clientFixedNewstyle | clientNoZeroes;
    clientFlags = flags;
    return (flags & ~known) != 0 ? Phase::closed : Phase::options;
}

Negotiator::Data Negotiator::onHeader(const OptionHeader& header) const
{
    // "clients may haggle", not for ever: a DoS defence that "Termination of
    // the session during option haggling" allows.
    if (count >= limits.options || header.length > limits.dataBytes)
    {
        return Data::giveUp;
    }
    if (header.option == Opt::exportName &&
        header.length > std::min(stringMax, limits.keptBytes))
    {
        return Data::giveUp; // there is no reply that could refuse it
    }
    return header.length > limits.keptBytes ? Data::skip : Data::keep;
}

Step Negotiator::on(const Option& option)
{
    ++count;
    // "This is the only valid option in nonfixed newstyle negotiation"
    // ("NBD_OPT_EXPORT_NAME"). Servers MAY honour others; we do not.
    if ((clientFlags & clientFixedNewstyle) == 0 &&
        option.code != Opt::exportName)
    {
        return {Phase::closed, {}};
    }
    if (auto refused = refusedByState(option.code))
    {
        return *refused;
    }
    switch (option.code)
    {
        case Opt::exportName:
            return onExportName(option);
        case Opt::abort:
            // Its data, if any, is ignored: the client leaves anyway.
            return {Phase::closed, {{option.code, Rep::ack}}};
        case Opt::list:
            return onList(option);
        case Opt::startTls:
            return onStartTls(option);
        case Opt::info:
        case Opt::go:
            return onInfo(option);
        case Opt::structuredReply:
            return onReplies(option, Replies::structured);
        case Opt::extendedHeaders:
            return onReplies(option, Replies::extended);
        case Opt::listMetaContext:
        case Opt::setMetaContext:
            return onMeta(option);
        case Opt::peekExport:
            break;
    }
    // "MUST reply to them with NBD_REP_ERR_UNSUP" ("Baseline")
    return refuse(option.code, Rep::errUnsup,
                  nameOf(option.code) + " is not supported");
}

Step Negotiator::onSkipped(Opt option)
{
    ++count;
    if ((clientFlags & clientFixedNewstyle) == 0)
    {
        return {Phase::closed, {}};
    }
    if (auto refused = refusedByState(option))
    {
        return *refused;
    }
    switch (option)
    {
        case Opt::abort:
            return {Phase::closed, {{option, Rep::ack}}};
        case Opt::setMetaContext:
            allocationOf = nullptr; // "including when this command fails"
            [[fallthrough]];
        case Opt::list:
        case Opt::info:
        case Opt::go:
        case Opt::startTls:
        case Opt::structuredReply:
        case Opt::extendedHeaders:
        case Opt::listMetaContext:
            return refuse(option, Rep::errInvalid,
                          "more data than the option can have");
        default:
            return refuse(option, Rep::errUnsup,
                          nameOf(option) + " is not supported");
    }
}

Step Negotiator::onExportName(const Option& option)
{
    Reader reader{option.data};
    const ExportInfo* found = find(reader.text(reader.left()));
    // "the server MUST terminate the session": no reply exists. A client with
    // extended headers "MUST NOT use" this option.
    if (found == nullptr || hidden(*found) || replies == Replies::extended)
    {
        return {Phase::closed, {}};
    }
    choose(*found, option.code);
    Step step{Phase::transmission};
    append(step.raw, found->size);
    append(step.raw, agreed.flags);
    if ((clientFlags & clientNoZeroes) == 0)
    {
        constexpr size_t reserved = 124; // "124 bytes of zeroes"
        step.raw.resize(step.raw.size() + reserved);
    }
    return step;
}

Step Negotiator::onList(const Option& option) const
{
    if (!option.data.empty())
    {
        return refuse(option.code, Rep::errInvalid,
                      "NBD_OPT_LIST carries no data");
    }
    Step step;
    for (const ExportInfo& info : exports)
    {
        if (hidden(info))
        {
            continue; // "may be omitted" before TLS
        }
        step.replies.push_back({option.code, Rep::server, serverData(info)});
    }
    step.replies.push_back({option.code, Rep::ack});
    return step;
}

Step Negotiator::onInfo(const Option& option)
{
    const Decoded<InfoRequest> request = decodeInfoRequest(option.data);
    if (!request)
    {
        return refuse(option.code, Rep::errInvalid,
                      "the lengths inside the option disagree with its data");
    }
    if (!isString(request->name))
    {
        return refuse(option.code, Rep::errInvalid,
                      "an export name has at most 4096 bytes and no NUL");
    }
    const ExportInfo* found = find(request->name);
    if (found == nullptr)
    {
        return refuse(option.code, Rep::errUnknown,
                      "no export has that name; NBD_OPT_LIST tells the names");
    }
    if (hidden(*found))
    {
        return refuse(option.code, Rep::errTlsReqd,
                      "this export needs NBD_OPT_STARTTLS first");
    }
    const auto wants = [&](Info type) {
        return std::ranges::find(request->wanted, type) !=
               request->wanted.end();
    };
    Step step;
    const auto tell = [&](Bytes data) {
        step.replies.push_back({option.code, Rep::info, std::move(data)});
    };
    // "at least one NBD_REP_INFO, with an NBD_INFO_EXPORT"; each type once,
    // however often it was asked for.
    tell(toBytes(encode(InfoExport{found->size, flagsOf(*found)})));
    if (wants(Info::name))
    {
        tell(stringInfo(Info::name, found->name));
    }
    if (wants(Info::description) && !found->description.empty())
    {
        tell(stringInfo(Info::description, found->description));
    }
    if (wants(Info::blockSize))
    {
        tell(toBytes(encode(found->blockSize)));
    }
    step.replies.push_back({option.code, Rep::ack});
    if (option.code == Opt::go)
    {
        choose(*found, option.code);
        step.next = Phase::transmission;
    }
    return step;
}

Step Negotiator::onStartTls(const Option& option) const
{
    if (secured || !option.data.empty())
    {
        return refuse(option.code, Rep::errInvalid,
                      secured ? "TLS is in use already"
                              : "NBD_OPT_STARTTLS carries no data");
    }
    if (tlsMode == tls::Mode::off)
    {
        return refuse(option.code, Rep::errPolicy,
                      "this server does not offer TLS");
    }
    return {Phase::tls, {{option.code, Rep::ack}}};
}

Step Negotiator::onReplies(const Option& option, Replies wanted)
{
    if (!option.data.empty())
    {
        return refuse(option.code, Rep::errInvalid,
                      nameOf(option.code) + " carries no data");
    }
    if (wanted == Replies::structured && replies == Replies::extended)
    {
        return refuse(option.code, Rep::errExtHeaderReqd,
                      "extended headers take precedence");
    }
    replies = wanted;
    return {Phase::options, {{option.code, Rep::ack}}};
}

Step Negotiator::onMeta(const Option& option)
{
    const bool set = option.code == Opt::setMetaContext;
    if (set)
    {
        // "replaces all previously-set metadata contexts (including when this
        // command fails)"
        allocationOf = nullptr;
    }
    const Decoded<MetaRequest> request = decodeMetaRequest(option.data);
    const bool valid = request && isString(request->exportName) &&
                       std::ranges::all_of(request->queries, isString);
    if (!valid)
    {
        return refuse(option.code, Rep::errInvalid,
                      "a length inside the option disagrees with its data, or "
                      "a string is no string");
    }
    if (set && replies == Replies::simple)
    {
        return refuse(option.code, Rep::errInvalid,
                      "negotiate structured replies first");
    }
    const ExportInfo* found = find(request->exportName);
    if (found == nullptr)
    {
        return refuse(option.code, Rep::errUnknown,
                      "no export has that name; NBD_OPT_LIST tells the names");
    }
    if (hidden(*found))
    {
        return refuse(option.code, Rep::errTlsReqd,
                      "this export needs NBD_OPT_STARTTLS first");
    }
    // The wildcard "base:" lists, and selects nothing ("The base: metadata
    // namespace"); no query at all lists everything.
    const bool matches = std::ranges::any_of(request->queries,
                                             [set](std::string_view query) {
        return query == allocationContext || (!set && query == "base:");
    });
    Step step;
    if (matches || (!set && request->queries.empty()))
    {
        OptionReply context{option.code, Rep::metaContext};
        append(context.data, set ? allocationId : 0U);
        append(context.data, allocationContext);
        step.replies.push_back(std::move(context));
        allocationOf = set ? found : allocationOf;
    }
    step.replies.push_back({option.code, Rep::ack});
    return step;
}

bool Negotiator::hidden(const ExportInfo& info) const
{
    return info.tlsOnly && !secured && tlsMode != tls::Mode::off;
}

uint16_t Negotiator::flagsOf(const ExportInfo& info) const
{
    // "MUST leave this flag clear if structured replies have not been
    // negotiated" ("Transmission flags")
    uint16_t added = replies == Replies::simple ? 0 : sendDf;
    if (replies == Replies::extended && allocationOf == &info)
    {
        // "SHOULD NOT advertise this bit … if the client does not negotiate
        // metacontexts" (the branch)
        added |= blockStatusPayload;
    }
    return info.flags | added;
}

void Negotiator::choose(const ExportInfo& info, Opt by)
{
    selectedBy = by;
    agreed = {&info, flagsOf(info), replies, allocationOf == &info};
}

const ExportInfo* Negotiator::find(std::string_view name) const
{
    const auto found = std::ranges::find_if(exports,
                                            [name](const ExportInfo& info) {
        return info.name == name || (name.empty() && info.byDefault);
    });
    return found == exports.end() ? nullptr : &*found;
}

} // namespace vmedia::nbd
