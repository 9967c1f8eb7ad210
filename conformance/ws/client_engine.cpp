// SPDX-License-Identifier: Apache-2.0
#include "client_engine.hpp"

#include "conformance/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace conformance::ws
{

namespace
{

constexpr std::string_view protocols = "Sec-WebSocket-Protocol";

} // namespace

ClientEngine::ClientEngine(Call call, Terms terms, Deviation deviation,
                           uint64_t seed) :
    Engine(std::move(terms), std::move(deviation))
{
    actAsClient(seed);
    std::mt19937_64 draws(~seed);
    key = deviates.key ? deviates.key(draws) : randomKey(draws);
    request = upgradeRequest(call.host, call.target, key);
    if (!call.origin.empty())
    {
        request.add("Origin", call.origin);
    }
    if (!call.subprotocols.empty())
    {
        request.add(std::string(protocols),
                    fmt::format("{}", fmt::join(call.subprotocols, ", ")));
    }
    for (const auto& [name, value] : call.credentials)
    {
        request.add(name, value);
    }
    if (deviates.request)
    {
        deviates.request(request);
    }
    std::string text = request.text();
    if (deviates.requestText)
    {
        deviates.requestText(text);
    }
    say(text);
}

/// What keeps it from opening the WebSocket (4.1), "" if nothing does.
std::string ClientEngine::faultOf(const Response& response) const
{
    std::string fault = upgradeFault(response, key);
    if (!fault.empty())
    {
        return fault;
    }
    if (response.value("Sec-WebSocket-Extensions"))
    {
        return "an extension that was not offered";
    }
    const auto chosen = valuesOf(response.fields, protocols);
    const auto offered = tokensOf(request.fields, protocols);
    if (chosen.size() > 1 ||
        (!chosen.empty() &&
         std::ranges::find(offered, chosen.front()) == offered.end()))
    {
        return "a subprotocol that was not offered";
    }
    return {};
}

void ClientEngine::readHead()
{
    for (;;)
    {
        const std::string_view bytes = heard();
        const auto end =
            endOfHead(bytes.substr(std::min(scanned, bytes.size())));
        const size_t size = end ? scanned + *end : bytes.size();
        const size_t most = end ? rules.headMax : rules.headMax - 1;
        if (size > most && !deviates.boundsNothing)
        {
            return finish(Why::refused, 0, "a head that is too long");
        }
        if (!end)
        {
            scanned = bytes.size() - std::min<size_t>(bytes.size(), 3);
            return;
        }
        auto response = parseResponse(bytes.substr(0, size));
        if (!response)
        {
            return finish(Why::refused, 0, "what is no HTTP");
        }
        const bool interim = response->status / 100 == 1 &&
                             response->status != 101;
        if (interim && !deviates.takesInterim)
        {
            forgetHead(size);
            continue;
        }
        std::string fault = faultOf(*response);
        if (deviates.heard)
        {
            deviates.heard(*response, fault);
        }
        if (fault.empty())
        {
            return opened(size, request.target);
        }
        location = response->status / 100 == 3
                       ? response->value("Location").value_or("")
                       : std::string();
        return finish(Why::refused, 0, plainText(fault));
    }
}

} // namespace conformance::ws
