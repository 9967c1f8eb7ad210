// SPDX-License-Identifier: Apache-2.0
#include "needs.hpp"

#include <fmt/format.h>

#include <array>

namespace conformance::nbd
{

namespace
{

struct Word
{
    std::string_view name;
    Needs need;
    std::string_view meaning;
};

constexpr auto words = std::to_array<Word>({
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
});

} // namespace

std::optional<Needs> parseNeed(std::string_view word)
{
    for (const auto& [name, need, meaning] : words)
    {
        if (name == word)
        {
            return need;
        }
    }
    return std::nullopt;
}

std::string describe(Needs needs)
{
    std::string text;
    for (const auto& [name, need, meaning] : words)
    {
        if (covers(needs, need))
        {
            text += text.empty() ? "" : ", ";
            text += name;
        }
    }
    return text;
}

std::vector<std::string> explain(Needs needs)
{
    std::vector<std::string> lines;
    for (const auto& [name, need, meaning] : words)
    {
        if (covers(needs, need))
        {
            lines.push_back(fmt::format("{}: {}", name, meaning));
        }
    }
    return lines;
}

} // namespace conformance::nbd
