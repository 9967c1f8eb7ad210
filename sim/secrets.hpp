// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <string>

namespace sim
{

/// What only this run knows: a key pair with its self-signed certificate, and
/// a user with a random password.
struct Secrets
{
    std::filesystem::path share;        ///< for the BMC, over 9p
    std::filesystem::path certificate;  ///< trust this one
    std::filesystem::path passwordFile; ///< one line, mode 0600
    std::string user;
};

/// Writes them, and nbd-proxy's config.json, under @p folder.
///
/// Errors: openssl is missing, a file cannot be written.
boost::asio::awaitable<vmedia::Result<Secrets>>
    makeSecrets(std::filesystem::path folder);

/// The users file's "NAME:$6$…" for a password, with a random salt.
std::string usersLine(const std::string& user, const std::string& password);

} // namespace sim
