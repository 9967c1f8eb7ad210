// SPDX-License-Identifier: Apache-2.0
#include "needs.hpp"

#include <array>
#include <utility>

namespace conformance::nbd
{

namespace
{

constexpr auto words = std::to_array<std::pair<std::string_view, Needs>>({
    {"plain", Needs::plain},
    {"read-only", Needs::readOnly},
    {"block-size-4096", Needs::blockSize},
    {"large", Needs::large},
    {"tls-on", Needs::tlsOn},
    {"tls-required", Needs::tlsRequired},
    {"tls-only-export", Needs::tlsOnlyExport},
    {"psk", Needs::psk},
    {"certificate", Needs::certificate},
    {"verify-peer", Needs::verifyPeer},
    {"crl", Needs::crl},
    {"any-peer", Needs::anyPeer},
    {"slow", Needs::slow},
});

} // namespace

std::optional<Needs> parseNeed(std::string_view word)
{
    for (const auto& [name, need] : words)
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
    for (const auto& [name, need] : words)
    {
        if (covers(needs, need))
        {
            text += text.empty() ? "" : ", ";
            text += name;
        }
    }
    return text;
}

} // namespace conformance::nbd
