// SPDX-License-Identifier: Apache-2.0
#include "access.hpp"

#include "conformance/text_report.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <fstream>
#include <sstream>
#include <utility>

namespace conformance::ws
{

namespace
{

vmedia::Result<std::string> contentOf(const std::string& file,
                                      std::string_view option)
{
    std::ifstream stream(file);
    std::stringstream text;
    text << stream.rdbuf();
    if (!stream)
    {
        return vmedia::fail(vmedia::Errc::usage,
                            fmt::format("{}: {} cannot be read", option, file));
    }
    return text.str();
}

/// The first line of a file: what a secret is.
vmedia::Result<std::string> secretIn(const std::string& file,
                                     std::string_view option)
{
    auto text = contentOf(file, option);
    if (text)
    {
        text->resize(std::min(text->size(), text->find_first_of("\r\n")));
    }
    if (text && text->empty())
    {
        return vmedia::fail(
            vmedia::Errc::usage,
            fmt::format("{}: the first line of {} is empty", option, file));
    }
    return text;
}

vmedia::Result<void> refuse(std::string what, std::string hint)
{
    return vmedia::fail(vmedia::Errc::usage, std::move(what), std::move(hint));
}

vmedia::Result<void> applyTls(const Access& access, Endpoint& endpoint)
{
    endpoint.tls.serverName = access.insecure ? std::string()
                                              : endpoint.address.host;
    if (!access.authorities.empty())
    {
        auto text = contentOf(access.authorities, "--cacert");
        if (!text)
        {
            return tl::unexpected(text.error());
        }
        endpoint.tls.authorities = std::move(*text);
    }
    if (access.certificate.empty() != access.key.empty())
    {
        return refuse("--cert and --key belong together", "give both");
    }
    if (!access.certificate.empty())
    {
        auto certificate = contentOf(access.certificate, "--cert");
        auto key = certificate ? contentOf(access.key, "--key") : certificate;
        if (!key)
        {
            return tl::unexpected(key.error());
        }
        endpoint.tls.certificate = std::move(*certificate);
        endpoint.tls.privateKey = std::move(*key);
    }
    return {};
}

} // namespace

void addAccessOptions(CLI::App& command, Access& access)
{
    command.add_option("--user", access.user, "Name for HTTP Basic");
    command
        .add_option("--password-file", access.passwordFile,
                    "Its password is the first line of that file")
        ->type_name("FILE");
    command
        .add_option("--token-file", access.tokenFile,
                    "A bearer token: the first line of that file")
        ->type_name("FILE");
    command
        .add_option("--cert", access.certificate,
                    "Our own certificate for wss (PEM)")
        ->type_name("FILE");
    command.add_option("--key", access.key, "Its key (PEM)")->type_name("FILE");
    command
        .add_option("--cacert", access.authorities,
                    "Who may have issued the server's certificate (PEM); else "
                    "whom this system trusts")
        ->type_name("FILE");
    command.add_flag("-k,--insecure", access.insecure,
                     "Take any certificate of the server's");
}

std::string optionsOf(const Access& access)
{
    const std::pair<std::string_view, const std::string*> all[] = {
        {"--user", &access.user},
        {"--password-file", &access.passwordFile},
        {"--token-file", &access.tokenFile},
        {"--cert", &access.certificate},
        {"--key", &access.key},
        {"--cacert", &access.authorities}};
    std::string text;
    for (const auto& [option, value] : all)
    {
        if (!value->empty())
        {
            text += fmt::format(" {} {}", option, shellQuoted(*value));
        }
    }
    return text + (access.insecure ? " --insecure" : "");
}

std::string basic(std::string_view user, std::string_view password)
{
    return "Basic " + base64(fmt::format("{}:{}", user, password));
}

vmedia::Result<void> apply(const Access& access, Endpoint& endpoint)
{
    if (access.user.empty() != access.passwordFile.empty())
    {
        return refuse("--user and --password-file belong together",
                      "give both");
    }
    if (!access.user.empty() && !access.tokenFile.empty())
    {
        return refuse("--user and --token-file are both given",
                      "give the one that the server takes");
    }
    if (!access.user.empty())
    {
        const auto password = secretIn(access.passwordFile, "--password-file");
        if (!password)
        {
            return tl::unexpected(password.error());
        }
        endpoint.credentials.emplace_back("Authorization",
                                          basic(access.user, *password));
    }
    if (!access.tokenFile.empty())
    {
        const auto token = secretIn(access.tokenFile, "--token-file");
        if (!token)
        {
            return tl::unexpected(token.error());
        }
        endpoint.credentials.emplace_back("Authorization", "Bearer " + *token);
    }
    return endpoint.secure ? applyTls(access, endpoint)
                           : vmedia::Result<void>{};
}

} // namespace conformance::ws
