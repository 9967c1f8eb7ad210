// SPDX-License-Identifier: Apache-2.0
#include "image_server.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace vmedia::remote
{

namespace
{

std::vector<std::string> common(const ServerOptions& options)
{
    // In the foreground, and not longer than we: no server is left behind.
    std::vector<std::string> argv{options.program, "--foreground",
                                  "--exit-with-parent", "--unix",
                                  options.socket};
    if (!options.readyFile.empty())
    {
        argv.insert(argv.end(), {"--pidfile", options.readyFile});
    }
    if (options.readOnly)
    {
        argv.emplace_back("--readonly");
    }
    return argv;
}

/// For sh(1), which runs the header script.
std::string shellWord(std::string_view text)
{
    std::string word = "'";
    for (const char c : text)
    {
        if (c == '\'')
        {
            word += "'\\'";
        }
        word += c;
    }
    word += '\'';
    return word;
}

} // namespace

Result<std::vector<std::string>> httpsServer(const ImageUrl& url,
                                             const ServerOptions& options)
{
    if (!options.readOnly)
    {
        return fail(Errc::usage,
                    "an image behind https cannot be written: a server may "
                    "take one block for the whole file",
                    "mount it read-only, or give an smb:// URL");
    }
    std::vector<std::string> argv = common(options);
    // The first is the nearest to the client. nbdkit before 1.34 lets curl
    // serve one request at a time, and does not read ahead; the cache's large
    // blocks do, then.
    for (const char* const filter : {"readahead", "cache", "retry"})
    {
        argv.push_back(fmt::format("--filter={}", filter));
    }
    argv.insert(argv.end(),
                {"curl", "url=" + url.text(), "protocols=https",
                 "followlocation=false", "sslverify=true",
                 fmt::format("timeout={}", options.timeout.count()),
                 "cache-on-read=true", "cache-min-block-size=256K",
                 fmt::format("cache-max-size={}", options.cacheSize)});
    if (!options.caFile.empty())
    {
        argv.push_back("cainfo=" + options.caFile);
    }
    if (!options.headerFile.empty())
    {
        argv.push_back("header-script=cat " + shellWord(options.headerFile));
    }
    return argv;
}

std::vector<std::string> fileServer(const std::string& path,
                                    const ServerOptions& options)
{
    std::vector<std::string> argv = common(options);
    argv.insert(argv.end(), {"file", "file=" + path});
    return argv;
}

Result<tls::Secret> headerLines(const Credentials& credentials)
{
    const std::string_view user = credentials.user.text();
    if (user.empty())
    {
        return tls::Secret();
    }
    if (user.find(':') != std::string_view::npos)
    {
        return fail(Errc::usage,
                    "the user name holds a colon, which Basic cannot tell "
                    "(RFC 7617, 2)");
    }
    const tls::Secret pair =
        tls::Secret::of({user, ":", credentials.password.text()});
    tls::Secret encoded(4 * ((pair.bytes().size() + 2) / 3) + 1); // its NUL
    const int size = ::EVP_EncodeBlock(encoded.bytes().data(),
                                       pair.bytes().data(),
                                       static_cast<int>(pair.bytes().size()));
    encoded.shrink(static_cast<size_t>(size));
    return tls::Secret::of({"Authorization: Basic ", encoded.text(), "\n"});
}

} // namespace vmedia::remote
