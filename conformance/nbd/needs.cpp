// SPDX-License-Identifier: Apache-2.0
#include "needs.hpp"

#include "conformance/need_words.hpp"

namespace conformance::nbd
{

namespace
{

constexpr NeedWord<Needs> words[] = {
    {"plain", Needs::plain, "all is served without TLS"},
    {"read-only", Needs::readOnly, "writes are refused"},
    {"block-size-4096", Needs::blockSize, "the minimum block size is 4096"},
    {"large", Needs::large, "the export has 6 GiB"},
    {"tls-on", Needs::tlsOn, "TLS at the client's option"},
    {"tls-required", Needs::tlsRequired, "nothing before TLS"},
    {"tls-only-export", Needs::tlsOnlyExport,
     "of several exports one wants TLS"},
    {"psk", Needs::psk, "client and server share keys"},
    {"certificate", Needs::certificate, "the server has a certificate"},
    {"verify-peer", Needs::verifyPeer, "the client has to have one, too"},
    {"crl", Needs::crl, "and it may not be revoked"},
    {"any-peer", Needs::anyPeer, "nobody looks at the client's"},
    {"slow", Needs::slow, "a read takes some 100 ms"},
    {"own-keys", Needs::ownKeys,
     "its credentials are of {psk} or {pki}, which know more than one client"},
    {"failing", Needs::failing, "its storage fails to read and to write"},
    {"full", Needs::full, "its storage has no room for what is written"},
    {"flush-fails", Needs::flushFails,
     "its storage takes data, and fails to make it stable"},
    {"fragmented", Needs::fragmented, "more than a million extents"},
    {"several-exports", Needs::severalExports, "it lists two exports or more"},
};

constexpr std::span<const NeedWord<Needs>> all(words);

} // namespace

std::optional<Needs> parseNeed(std::string_view word)
{
    return conformance::parseNeed(all, word);
}

std::string describe(Needs needs)
{
    return describeNeeds(all, needs);
}

std::vector<std::string> explain(Needs needs)
{
    return explainNeeds(all, needs);
}

} // namespace conformance::nbd
