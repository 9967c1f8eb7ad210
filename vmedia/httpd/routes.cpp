// SPDX-License-Identifier: Apache-2.0
#include "routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace vmedia::httpd
{

namespace
{

std::string paths(const std::vector<SlotView>& slots)
{
    std::string text;
    for (const SlotView& slot : slots)
    {
        text += (text.empty() ? "/nbd/" : ", /nbd/") + slot.name;
    }
    return text;
}

std::string listing(const std::vector<SlotView>& slots)
{
    std::string text = "vmedia: virtual media slots\n";
    for (const SlotView& slot : slots)
    {
        text += fmt::format("/nbd/{} {}\n", slot.name,
                            slot.inUse ? "in use" : "free");
    }
    return text;
}

/// 16 bytes in base64 (RFC 6455, 4.2.1): 22 characters and "==".
bool isKey(std::string_view key)
{
    return key.size() == 24 && key.ends_with("==") &&
           std::ranges::all_of(key.substr(0, 22), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '+' || c == '/';
    });
}

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return result;
}

std::string withPort(std::string authority)
{
    // The colons of an IPv6 address stand inside its brackets.
    const size_t colon = authority.rfind(':');
    const bool hasPort = colon != std::string::npos &&
                         !authority.ends_with(']');
    return hasPort ? authority : authority + ":443";
}

/// Whether a page of ours asks: its origin is https and our own Host.
bool isOwn(std::string_view origin, std::string_view host)
{
    constexpr std::string_view scheme = "https://";
    const std::string from = lower(origin);
    return from.starts_with(scheme) &&
           withPort(from.substr(scheme.size())) == withPort(lower(host));
}

/// Without the query, and without scheme and authority where a client sends
/// them: "a server MUST accept the absolute-form" (RFC 9112, 3.2.2).
std::string_view pathOf(std::string_view target)
{
    for (const std::string_view scheme : {"https://", "http://"})
    {
        if (lower(target.substr(0, scheme.size())) == scheme)
        {
            const size_t path = target.find('/', scheme.size());
            target = path == std::string_view::npos ? "/" : target.substr(path);
            break;
        }
    }
    return target.substr(0, target.find('?'));
}

} // namespace

Decision decide(const RequestView& request, const std::vector<SlotView>& slots)
{
    constexpr std::string_view prefix = "/nbd/";
    const std::string_view path = pathOf(request.target);
    const auto slot = path.starts_with(prefix)
                          ? std::ranges::find(slots, path.substr(prefix.size()),
                                              &SlotView::name)
                          : slots.end();
    if (path != "/" && slot == slots.end())
    {
        return {404,
                fmt::format("no such path; there are / and {}", paths(slots))};
    }
    if (request.method != "GET")
    {
        return {405, "only GET is served here; use GET"};
    }
    if (path == "/")
    {
        return {200, listing(slots)};
    }
    if (!request.isUpgrade)
    {
        return {426, "this is a WebSocket; connect to it with wss://"};
    }
    if (!request.isAtLeastHttp11 || request.host.empty())
    {
        return {400, "a WebSocket handshake needs HTTP/1.1 and one Host field"};
    }
    if (request.hasBody) // its bytes would be taken for frames
    {
        return {400, "a WebSocket handshake has no body; send none"};
    }
    if (request.version != "13")
    {
        return {426, "Sec-WebSocket-Version is not 13; send 13"};
    }
    if (!isKey(request.key))
    {
        return {400, "Sec-WebSocket-Key is not 16 bytes in base64; send that"};
    }
    if (!request.extensionsAreWell)
    {
        return {400, "Sec-WebSocket-Extensions is no list of extensions; send "
                     "none, for none are served"};
    }
    if (request.hasOrigin && !isOwn(request.origin, request.host))
    {
        return {403, "a page of another origin may not open media; open the "
                     "page from this server"};
    }
    if (slot->inUse)
    {
        return {409, fmt::format("slot {} is in use; close its session first",
                                 slot->name)};
    }
    return {101, {}, slot->name};
}

} // namespace vmedia::httpd
