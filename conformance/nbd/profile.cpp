// SPDX-License-Identifier: Apache-2.0
#include "profile.hpp"

#include "conformance/nbd/peer.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

/// One question on a connection of its own, so that a server that breaks on
/// one of them still answers the others.
std::optional<Answer> ask(Peer peer, Opt option, ByteView data)
{
    peer.start();
    if (covers(peer.profile().offers, Needs::tlsRequired))
    {
        peer.secure();
    }
    peer.sendOption(option, data);
    auto answer = peer.wantAnswer(option);
    // "In the client's case … it MUST use soft disconnect"
    peer.sendOption(Opt::abort);
    return answer;
}

std::vector<std::string> namesIn(const Answer& answer)
{
    std::vector<std::string> names;
    for (const OptionReply& part : answer.parts)
    {
        Reader reader{part.data};
        if (part.type == Rep::server && reader.left() >= 4)
        {
            const uint32_t size = reader.u32();
            names.emplace_back(
                reader.text(std::min<size_t>(size, reader.left())));
        }
    }
    return names;
}

} // namespace

vmedia::Result<Profile> probe(const Address& address, const Profile& told,
                              std::optional<std::string> exportName,
                              std::chrono::milliseconds deadline)
{
    Profile profile = told;
    Peer first(address, profile, deadline, 0);
    first.connect();
    const auto greeting = first.wantBytes(Greeting::wireSize, "a greeting");
    if (!greeting)
    {
        return vmedia::fail(vmedia::Errc::io, first.verdict().got,
                            "is the server running, and is it an NBD server?");
    }
    Reader reader{*greeting};
    if (reader.u64() != nbdMagic)
    {
        return vmedia::fail(
            vmedia::Errc::protocol,
            fmt::format("{} does not speak NBD: instead of NBDMAGIC it sent "
                        "{}",
                        uriOf(address, {}), dump(*greeting)));
    }
    const uint64_t magic = reader.u64();
    if (magic == oldstyleMagic)
    {
        return vmedia::fail(
            vmedia::Errc::protocol,
            fmt::format("{} speaks the oldstyle protocol, which has no options "
                        "to test",
                        uriOf(address, {})),
            "start it as a newstyle server (nbdkit without --oldstyle)");
    }
    const bool newstyle = magic == optionMagic;
    profile.handshakeFlags = reader.u16();
    first.hangUp();
    if (!newstyle) // the cases will say so
    {
        return profile;
    }

    if (const auto answer = ask(first.another(), Opt::list, {}))
    {
        profile.requiresTls = answer->last.type == Rep::errTlsReqd;
        if (answer->acknowledged())
        {
            profile.listed = namesIn(*answer);
        }
    }
    const auto info = [&](std::string_view name) {
        auto answer = ask(first.another(), Opt::info,
                          encodeInfoRequest(name, {}));
        if (answer && answer->last.type == Rep::errBlockSizeReqd)
        {
            profile.insistsOnSizes = true;
            constexpr Info sizes[] = {Info::blockSize};
            answer = ask(first.another(), Opt::info,
                         encodeInfoRequest(name, sizes));
        }
        return answer;
    };
    if (const auto answer = info(unheardName))
    {
        profile.selectsByName = !answer->acknowledged();
    }
    profile.exportName = exportName.value_or("");
    auto described = info(profile.exportName);
    if (!exportName && described && !described->acknowledged() &&
        profile.listed && !profile.listed->empty())
    {
        profile.exportName = profile.listed->front();
        described = info(profile.exportName);
    }
    if (described && described->acknowledged())
    {
        profile.described = described->exportInfo();
    }
    return profile;
}

std::string describe(const Profile& profile)
{
    const std::string size =
        profile.described ? fmt::format("{} bytes", profile.described->size)
                          : "NBD_OPT_INFO tells nothing of it";
    const size_t count = profile.listed ? profile.listed->size() : 0;
    std::string more =
        profile.insistsOnSizes ? "; block sizes have to be asked for" : "";
    more += covers(profile.offers, Needs::tlsRequired) ? "; TLS is required"
            : covers(profile.offers, Needs::tlsOn)     ? "; TLS is optional"
                                                       : "";
    return fmt::format("export '{}' ({}); {}; {}{}", profile.exportName, size,
                       profile.listed ? fmt::format("{} export{} listed", count,
                                                    count == 1 ? "" : "s")
                                      : "no list of exports",
                       profile.selectsByName ? "an unknown name is refused"
                                             : "any name is taken for it",
                       more);
}

} // namespace conformance::nbd
