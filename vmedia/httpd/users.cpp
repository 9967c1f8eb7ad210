// SPDX-License-Identifier: Apache-2.0
#include "users.hpp"

#include <crypt.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <vector>

namespace vmedia::httpd
{

namespace asio = boost::asio;

namespace
{

// Enough for one page's requests; more only help who guesses passwords.
constexpr int pendingMax = 16;

std::optional<std::string> fromBase64(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0)
    {
        return {};
    }
    std::vector<unsigned char> out(text.size() / 4 * 3);
    const int size = ::EVP_DecodeBlock(
        out.data(), reinterpret_cast<const unsigned char*>(text.data()),
        static_cast<int>(text.size()));
    if (size < 0)
    {
        return {};
    }
    // EVP_DecodeBlock() counts the padding as bytes of the text.
    const auto padding =
        std::min<ptrdiff_t>(2, std::count(text.end() - 2, text.end(), '='));
    return std::string(out.begin(), out.begin() + size - padding);
}

} // namespace

std::optional<Credentials> parseBasic(std::string_view authorization)
{
    constexpr std::string_view scheme = "basic "; // of any case: RFC 9110, 11.1
    const bool isBasic =
        authorization.size() > scheme.size() &&
        std::ranges::equal(
            scheme, authorization.substr(0, scheme.size()), {}, {},
            [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    if (!isBasic)
    {
        return {};
    }
    const auto text = fromBase64(authorization.substr(scheme.size()));
    const size_t colon = text ? text->find(':') : std::string::npos;
    // crypt() would stop at a NUL: what follows it would not count.
    if (colon == std::string::npos || text->find('\0') != std::string::npos)
    {
        return {};
    }
    return Credentials{text->substr(0, colon), text->substr(colon + 1)};
}

Result<Users> Users::load(const std::string& file)
{
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0)
    {
        return failErrno(errno, fmt::format("users file {}", file),
                         "make one: echo \"NAME:$(openssl passwd -6)\"");
    }
    if ((status.st_mode & 077) != 0)
    {
        return fail(Errc::usage,
                    fmt::format("users file {} has mode {:04o}, others can "
                                "get at its hashes",
                                file, status.st_mode & 07777),
                    fmt::format("chmod 600 {}", file));
    }
    errno = 0;
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (!stream || stream.bad())
    {
        return failErrno(errno, fmt::format("users file {}", file));
    }
    return parse(text, file);
}

Result<Users> Users::parse(std::string_view text, const std::string& file)
{
    Users users;
    std::istringstream lines{std::string(text)};
    int number = 0;
    for (std::string line; std::getline(lines, line);)
    {
        ++number;
        if (line.empty() || line[0] == '#')
        {
            continue;
        }
        const size_t colon = line.find(':');
        if (colon == std::string::npos || colon == 0)
        {
            return fail(Errc::usage,
                        fmt::format("users file {}, line {}: wanted NAME:HASH",
                                    file, number));
        }
        const std::string name = line.substr(0, colon);
        const std::string hash = line.substr(colon + 1);
        if (::crypt_checksalt(hash.c_str()) != CRYPT_SALT_OK)
        {
            return fail(Errc::usage,
                        fmt::format("users file {}, line {}: the hash of '{}' "
                                    "is not one that crypt(3) recommends",
                                    file, number, name),
                        "make one: openssl passwd -6");
        }
        if (!users.hashes.emplace(name, hash).second)
        {
            return fail(Errc::usage,
                        fmt::format("users file {}, line {}: '{}' again", file,
                                    number, name));
        }
    }
    if (users.hashes.empty())
    {
        return fail(Errc::usage,
                    fmt::format("users file {} names nobody", file),
                    "add a line NAME:HASH; openssl passwd -6 makes a hash");
    }
    return users;
}

bool Users::check(const Credentials& credentials) const
{
    const auto known = hashes.find(credentials.name);
    const bool isKnown = known != hashes.end();
    const std::string& hash = isKnown ? known->second : hashes.begin()->second;
    auto memory = std::make_unique<crypt_data>(); // 32 KiB: not for a stack
    const char* result = ::crypt_r(credentials.password.c_str(), hash.c_str(),
                                   memory.get());
    const std::string_view got = result == nullptr ? "" : result;
    const bool same = got.size() == hash.size() &&
                      ::CRYPTO_memcmp(got.data(), hash.data(), hash.size()) ==
                          0;
    ::OPENSSL_cleanse(memory.get(), sizeof(crypt_data));
    return same && isKnown;
}

Verifier::Verifier(Users u) : users(std::move(u)) {}

asio::awaitable<Verifier::Answer> Verifier::verify(Credentials credentials)
{
    if (pending >= pendingMax)
    {
        co_return Answer::busy;
    }
    ++pending;
    const bool isRight = co_await asio::co_spawn(
        threads,
        [](const Users& all, Credentials one) -> asio::awaitable<bool> {
        co_return all.check(one);
    }(users, std::move(credentials)), asio::use_awaitable);
    --pending;
    co_return isRight ? Answer::yes : Answer::no;
}

} // namespace vmedia::httpd
