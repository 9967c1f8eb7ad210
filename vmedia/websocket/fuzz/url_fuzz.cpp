// SPDX-License-Identifier: Apache-2.0
// Input: a URL.
#include "fixtures/fuzz.hpp"
#include "vmedia/websocket/url.hpp"

#include <algorithm>

using namespace vmedia;
using namespace vmedia::websocket;

std::vector<fuzz::Input> fuzz::seeds()
{
    return {
        input("wss://bmc/nbd/0"),        input("ws://10.0.0.1:8080/nbd/0?a=b"),
        input("wss://[2001:db8::1]/n"),  input("wss://[fe80::1%25eth0]:1/"),
        input("wss://u:p@bmc/nbd/0"),    input("wss://bmc:99999/nbd/0"),
        input("wss://bmc/nbd/0#there"),  input("https://bmc/nbd/0"),
        input("wss://b%6dc/%6ebd/0%0a"), input("wss://bmc"),
    };
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    const Result<Url> url = parseUrl(fuzz::text(data, size));
    if (!url)
    {
        const std::string line = describe(url.error());
        fuzz::require(line.find('\n') == line.npos, "an error is one line");
        return 0;
    }
    fuzz::require(!url->host.empty() && url->port != 0, "there is where to go");
    fuzz::require(url->target.starts_with('/'), "a target begins with /");
    // Both go into an HTTP request as they are: a line break or a blank there
    // would be a second header, or a second request.
    const std::string sent = url->authority() + url->target;
    fuzz::require(
        std::ranges::all_of(
            sent, [](unsigned char c) { return c > ' ' && c != 0x7f; }),
        "what is sent in a request has no blank and no control byte");
    const Result<Url> again = parseUrl(url->text());
    fuzz::require(
        again && again->host == url->host && again->port == url->port &&
            again->target == url->target && again->secure == url->secure,
        "the text of a URL is the same URL");
    return 0;
}
