// SPDX-License-Identifier: Apache-2.0
#include "share.hpp"

#include <fmt/format.h>

namespace vmedia::remote
{

std::vector<std::string> shareMount(const ImageUrl& url,
                                    const ShareOptions& options)
{
    // An option may hold a file name of ours, and none of ours has a comma.
    std::string text = options.readOnly ? "ro" : "rw";
    text += ",vers=3,seal,nosuid,nodev,noexec,cache=none";
    if (url.port != 445)
    {
        text += fmt::format(",port={}", url.port);
    }
    text += options.credentialsFile.empty()
                ? ",guest,sec=none"
                : ",sec=ntlmssp,credentials=" + options.credentialsFile;
    return {options.program, fmt::format("//{}/{}", url.host, url.share),
            options.directory, "-o", text};
}

tls::Secret credentialLines(const Credentials& credentials)
{
    const std::string_view user = credentials.user.text();
    const std::string_view password = credentials.password.text();
    if (user.empty())
    {
        return {};
    }
    const size_t end = user.find_first_of("\\/");
    if (end == std::string_view::npos)
    {
        return tls::Secret::of(
            {"username=", user, "\npassword=", password, "\n"});
    }
    return tls::Secret::of({"domain=", user.substr(0, end),
                            "\nusername=", user.substr(end + 1),
                            "\npassword=", password, "\n"});
}

} // namespace vmedia::remote
