// SPDX-License-Identifier: Apache-2.0
#include "tls_target.hpp"

#include "conformance/nbd/peer.hpp"
#include "vmedia/tls/psk_file.hpp"

#include <fmt/format.h>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

vmedia::Result<TlsWish> userOf(const TlsAccess& access)
{
    const auto file = vmedia::tls::PskFile::load(access.pskFile);
    if (!file)
    {
        return vmedia::during("tls-psk-file", file.error());
    }
    const std::string& user = access.username.empty() ? file->firstUser()
                                                      : access.username;
    const auto key = file->find(user);
    if (!key)
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("{} has no key of user '{}'", access.pskFile, user),
            fmt::format("psktool -u {} -p {} adds one", user, access.pskFile));
    }
    return TlsWish{.identity = user,
                   .key = std::string(key->begin(), key->end())};
}

/// Why there is no TLS with these credentials; "" if NBD is spoken in it. TLS
/// 1.3 tells a client late that it is refused, so an option has to be answered.
std::string refusal(Peer peer, const TlsWish& with)
{
    peer.start();
    peer.secure(with);
    peer.sendOption(unknownOption);
    peer.wantAnswer(unknownOption);
    return peer.stopped() ? peer.verdict().got : "";
}

} // namespace

vmedia::Result<TlsWish> credentialsOf(const TlsAccess& access,
                                      const Address& address)
{
    if (!access.pskFile.empty())
    {
        return userOf(access);
    }
    if (access.certificates.empty())
    {
        return TlsWish{};
    }
    const bool verifies = access.verifyPeer.value_or(true);
    auto files = vmedia::tls::Certificates::load(
        access.certificates, vmedia::tls::Role::client,
        {.own = false, .authority = verifies});
    if (!files)
    {
        return vmedia::during("tls-certificates", files.error());
    }
    TlsWish wish;
    wish.files =
        std::make_shared<const vmedia::tls::Certificates>(std::move(*files));
    if (verifies)
    {
        // As libnbd does where a URI has no host.
        wish.serverName = !access.hostname.empty() ? access.hostname
                          : !address.host.empty()  ? address.host
                                                   : "localhost";
    }
    return wish;
}

vmedia::Result<Profile> lookAtTls(const Target& target,
                                  std::chrono::milliseconds deadline)
{
    auto wish = credentialsOf(*target.tls, target.address);
    if (!wish)
    {
        return tl::unexpected(wish.error());
    }
    auto keys = Keys::makeAround(*wish);
    if (!keys)
    {
        return tl::unexpected(keys.error());
    }
    Profile told;
    told.credentials = std::move(*wish);
    told.keys = std::move(*keys);
    Peer first(target.address, told, deadline, 0);
    first.start();
    first.sendOption(Opt::list);
    const auto listed = first.wantAnswer(Opt::list);
    first.sendOption(Opt::startTls);
    const auto started = first.wantAnswer(Opt::startTls);
    first.hangUp();
    if (!started)
    {
        return vmedia::fail(vmedia::Errc::io, first.verdict().got,
                            "is the server running, and is it an NBD server?");
    }
    if (!started->acknowledged())
    {
        return vmedia::fail(
            vmedia::Errc::refused,
            fmt::format("the target has no TLS: it answers NBD_OPT_STARTTLS "
                        "with {}",
                        nameOf(started->last.type)),
            "write nbd:// instead of nbds://");
    }
    if (const auto why = refusal(first.another(), told.credentials);
        !why.empty())
    {
        return vmedia::fail(
            vmedia::Errc::refused,
            "no TLS with the credentials of the URI: " + why,
            "see tls-psk-file, tls-username, tls-certificates, tls-hostname "
            "and tls-verify-peer");
    }
    const bool required = listed->last.type == Rep::errTlsReqd;
    told.offers = required ? Needs::tlsRequired : Needs::tlsOn | Needs::plain;
    if (!told.credentials.key.empty())
    {
        told.offers = told.offers | Needs::psk;
        return told;
    }
    const bool verified = !refusal(first.another(), {}).empty();
    told.offers = told.offers | Needs::certificate |
                  (verified ? Needs::verifyPeer : Needs::anyPeer);
    return told;
}

} // namespace conformance::nbd
