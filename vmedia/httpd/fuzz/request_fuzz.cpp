// SPDX-License-Identifier: Apache-2.0
// Input: lines: method, target, host, origin, key, version, Authorization; then
// flags. All of it comes from who has not shown a password yet.
#include "fixtures/fuzz.hpp"
#include "vmedia/httpd/routes.hpp"
#include "vmedia/httpd/users.hpp"

#include <algorithm>
#include <array>

using namespace vmedia::httpd;

namespace
{

const std::vector<SlotView> slots = {{"0", false}, {"usb", true}};

void checkDecision(const RequestView& request)
{
    const Decision decision = decide(request, slots);
    constexpr int known[] = {101, 200, 400, 403, 404, 405, 409, 426};
    fuzz::require(std::ranges::find(known, decision.status) != std::end(known),
                  "a status that the table has");
    const bool open = decision.status == 101;
    fuzz::require(open == !decision.slot.empty(), "101 names a slot, only it");
    fuzz::require(open == decision.text.empty(), "all but 101 say something");
    if (open)
    {
        fuzz::require(decision.slot == "0", "a slot in use is not opened");
        fuzz::require(request.method == "GET" && request.isUpgrade &&
                          !request.hasBody && request.version == "13" &&
                          request.key.size() == 24 && !request.host.empty(),
                      "what is opened was a WebSocket handshake");
        fuzz::require(!request.hasOrigin ||
                          request.origin.size() > request.host.size(),
                      "another origin opens nothing");
    }
    else if (decision.status != 200)
    {
        fuzz::require(decision.text.find('\n') == decision.text.npos,
                      "an error is one line");
    }
}

void checkAuthorization(std::string_view header)
{
    const auto credentials = parseBasic(header);
    if (credentials)
    {
        const auto& [name, password] = *credentials;
        fuzz::require(name.find(':') == name.npos &&
                          (name + password).find('\0') == std::string::npos,
                      "no colon in a name and no NUL anywhere");
        fuzz::require((name.size() + password.size() + 1) * 4 / 3 <=
                          header.size(),
                      "no more than the header holds");
    }
}

} // namespace

std::vector<fuzz::Input> fuzz::seeds()
{
    return {
        input(
            "GET\n/nbd/0\nbmc:443\nhttps://BMC\ndGhlIHNhbXBsZSBub25jZQ==\n13\n"
            "Basic YWxpY2U6c2VzYW1l\n\x07"),
        input("GET\n/nbd/usb?x\n[::1]\nhttps://[::1]:443\n"
              "dGhlIHNhbXBsZSBub25jZQ==\n13\nbasic YTpi\n\x05"),
        input("GET\n/\nh\n\n\n\nBasic YTo=\n\x04"),
        input("POST\n/nbd/0\nh\n\n\n12\nBasic Og==\n\x0d"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    std::string_view rest = fuzz::text(data, size);
    std::array<std::string_view, 7> lines;
    for (std::string_view& line : lines)
    {
        line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    }
    const int flags = rest.empty() ? 0 : rest.front();
    const auto has = [flags](int bit) { return (flags & bit) != 0; };
    checkDecision({lines[0], lines[1], lines[2], lines[3], has(2), has(1),
                   lines[4], lines[5], has(4), has(8)});
    checkAuthorization(lines[6]);
    return 0;
}
