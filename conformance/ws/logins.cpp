// SPDX-License-Identifier: Apache-2.0
#include "logins.hpp"

#include "conformance/ws/access.hpp"
#include "fixtures/authority.hpp"

#include <crypt.h>
#include <fmt/format.h>

#include <random>

namespace conformance::ws
{

namespace
{

constexpr std::string_view user = "conform";
/// The cheapest that crypt(3) still takes: this one is checked some hundred
/// times a run.
constexpr const char* setting = "$6$rounds=1000$vmediaconform";

bool has(const StartLine& line, std::string_view placeholder)
{
    return line.line.find(placeholder) != std::string::npos ||
           line.config.find(placeholder) != std::string::npos;
}

} // namespace

Logins::Logins(std::shared_ptr<const Keys> with, std::string secret) :
    keys(std::move(with)), password(std::move(secret))
{
    crypt_data memory{};
    const char* hash = ::crypt_r(password.c_str(), setting, &memory);
    fixtures::writePrivate(directory.path() / "users",
                           fmt::format("{}:{}\n", user, hash));
}

vmedia::Result<std::shared_ptr<const Logins>> Logins::make(uint64_t seed)
{
    auto keys = Keys::make();
    if (!keys)
    {
        return tl::unexpected(keys.error());
    }
    std::mt19937_64 random(seed);
    return std::shared_ptr<const Logins>(
        new Logins(std::move(*keys), fmt::format("{:016x}", random())));
}

bool Logins::wantedBy(const StartLine& line)
{
    return has(line, "{pki}") || has(line, "{users}");
}

void Logins::apply(StartLine& line, Endpoint& endpoint) const
{
    line.values.merge(keys->placeholders());
    line.values["users"] = directory.path() / "users";
    if (has(line, "{users}"))
    {
        endpoint.credentials.emplace_back("Authorization",
                                          basic(user, password));
    }
    endpoint.tls.certificate = keys->client.certificate;
    endpoint.tls.privateKey = keys->client.privateKey;
}

} // namespace conformance::ws
