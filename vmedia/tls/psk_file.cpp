// SPDX-License-Identifier: Apache-2.0
#include "psk_file.hpp"

#include "openssl.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace vmedia::tls
{

namespace
{

constexpr auto wanted = "wanted user:hexkey, as written by "
                        "`psktool -u USER -p FILE`";

std::optional<Secret> fromHex(std::string_view text)
{
    if (text.size() % 2 != 0)
    {
        return std::nullopt;
    }
    Secret bytes(text.size() / 2);
    for (size_t i = 0; i < bytes.bytes().size(); ++i)
    {
        const int high =
            ::OPENSSL_hexchar2int(static_cast<unsigned char>(text[2 * i]));
        const int low =
            ::OPENSSL_hexchar2int(static_cast<unsigned char>(text[2 * i + 1]));
        if (high < 0 || low < 0)
        {
            return std::nullopt;
        }
        bytes.bytes()[i] = static_cast<unsigned char>(high * 16 + low);
    }
    return bytes;
}

std::optional<std::string> nameOf(std::string_view text)
{
    if (!text.starts_with('#'))
    {
        return std::string(text);
    }
    const std::optional<Secret> name = fromHex(text.substr(1));
    if (!name)
    {
        return std::nullopt;
    }
    return std::string(name->bytes().begin(), name->bytes().end());
}

} // namespace

Result<void> PskFile::add(std::string_view line)
{
    // No text here holds any part of the line but a user's name that has been
    // seen before: a line without a colon may well be a bare key.
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos)
    {
        return fail(Errc::usage, "no colon between user and key", wanted);
    }
    std::optional<std::string> name = nameOf(line.substr(0, colon));
    if (!name || name->empty())
    {
        return fail(Errc::usage, "no user before the colon", wanted);
    }
    std::optional<Secret> key = fromHex(line.substr(colon + 1));
    if (!key)
    {
        return fail(Errc::usage, "the key is not an even number of hex digits",
                    wanted);
    }
    const size_t size = key->bytes().size();
    if (size < keySizeMin || size > keySizeMax)
    {
        return fail(Errc::usage,
                    fmt::format("the key has {} bytes, not {} to {}", size,
                                keySizeMin, keySizeMax),
                    wanted);
    }
    if (find(*name))
    {
        return fail(
            Errc::usage,
            fmt::format("user '{}' has a key already", printable(*name)),
            "keep one line for each user");
    }
    users.push_back({std::move(*name), std::move(*key)});
    return {};
}

Result<PskFile> PskFile::load(const std::filesystem::path& file)
{
    const Result<Secret> content = readSecretFile(file);
    if (!content)
    {
        return tl::unexpected(content.error());
    }
    return parse({reinterpret_cast<const char*>(content->bytes().data()),
                  content->bytes().size()},
                 file.string());
}

Result<PskFile> PskFile::parse(std::string_view rest, std::string_view name)
{
    PskFile keys;
    for (size_t number = 1; !rest.empty(); ++number)
    {
        const size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.empty())
        {
            continue;
        }
        if (Result<void> added = keys.add(line); !added)
        {
            added.error().what = fmt::format("{}:{}: {}", name, number,
                                             added.error().what);
            return tl::unexpected(std::move(added.error()));
        }
    }
    if (keys.users.empty())
    {
        return fail(Errc::usage, fmt::format("{} has no user", name),
                    fmt::format("psktool -u USER -p {}", name));
    }
    return keys;
}

std::optional<std::span<const unsigned char>>
    PskFile::find(std::string_view user) const
{
    std::optional<std::span<const unsigned char>> found;
    for (const User& known : users)
    {
        if (known.name.size() == user.size() &&
            ::CRYPTO_memcmp(known.name.data(), user.data(), user.size()) == 0)
        {
            found = known.key.bytes();
        }
    }
    return found;
}

} // namespace vmedia::tls
