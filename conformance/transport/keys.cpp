// SPDX-License-Identifier: Apache-2.0
#include "keys.hpp"

#include "fixtures/authority.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace conformance
{

namespace
{

std::string randomKey()
{
    std::string key(32, '\0'); // as many bytes as psktool makes
    // NOLINTNEXTLINE: what the OpenSSL interface asks for
    if (::RAND_bytes(reinterpret_cast<unsigned char*>(key.data()),
                     static_cast<int>(key.size())) != 1)
    {
        throw std::runtime_error("OpenSSL has no random bytes");
    }
    return key;
}

TlsWish user(std::string name)
{
    return {.identity = std::move(name), .key = randomKey()};
}

/// A line of a key file, as psktool writes it.
std::string line(const TlsWish& user)
{
    std::string text = user.identity + ":";
    for (const char c : user.key)
    {
        text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    }
    return text + "\n";
}

TlsWish with(const fixtures::Issued& issued)
{
    return {.certificate = issued.certificate, .privateKey = issued.key};
}

} // namespace

Keys::Keys()
{
    constexpr fixtures::Span past{-7200, -3600};
    fixtures::Authority authority("vmedia-conform");
    fixtures::Authority other("another authority");
    const fixtures::Wish forClient{.name = "client", .usage = "clientAuth"};
    const auto issued = authority.issue({.name = "localhost"});
    const auto withdrawn = authority.issue(forClient);
    fixtures::Wish old = forClient;
    old.valid = past;
    alice = user("alice");
    bob = user("bob");
    client = with(authority.issue(forClient));
    foreign = with(other.issue(forClient));
    revoked = with(withdrawn);
    expired = with(authority.issue(old));
    ofServer = with(authority.issue({.name = "a server"}));
    server = with(issued);
    server.serves = true;
    const auto write = [this](std::string_view name, std::string_view text) {
        fixtures::writePrivate(directory.path() / name, text);
    };
    write("keys.psk", line(alice) + line(bob));
    write("ca-cert.pem", authority.certificate());
    write("ca-crl.pem", authority.revoke({withdrawn.serial}));
    write("server-cert.pem", issued.certificate);
    write("server-key.pem", issued.key);
}

vmedia::Result<std::shared_ptr<const Keys>> Keys::make()
{
    return makeNew();
}

vmedia::Result<std::shared_ptr<const Keys>>
    Keys::makeAround(const TlsWish& right)
{
    auto keys = makeNew();
    if (keys)
    {
        (right.key.empty() ? (*keys)->client : (*keys)->alice) = right;
    }
    return keys;
}

vmedia::Result<std::shared_ptr<Keys>> Keys::makeNew()
{
    try
    {
        return std::shared_ptr<Keys>(new Keys);
    }
    catch (const std::exception& error) // the fixtures' way to fail
    {
        return vmedia::fail(vmedia::Errc::io,
                            fmt::format("no credentials: {}", error.what()));
    }
}

std::map<std::string, std::string> Keys::placeholders() const
{
    return {{"pki", directory.path()}, {"psk", directory.path() / "keys.psk"}};
}

} // namespace conformance
