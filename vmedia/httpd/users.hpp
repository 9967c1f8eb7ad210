// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vmedia::httpd
{

/// What an Authorization header carries.
struct Credentials
{
    std::string name;
    std::string password;
};

/// The credentials in "Basic …" (RFC 7617, 2); none if it is anything else.
std::optional<Credentials> parseBasic(std::string_view authorization);

/// Who may use the server: a file of lines NAME:HASH with crypt(3) hashes, as
/// `openssl passwd -6` or mkpasswd make them. Empty lines and lines that
/// begin with '#' are skipped.
///
/// Errors: a file that others can read, a line that is not of this form
///         (named by its number), a name given twice, no user at all.
class Users
{
  public:
    static Result<Users> load(const std::string& file);
    static Result<Users> parse(std::string_view text, const std::string& file);

    /// Slow on purpose: call it through a Verifier. An unknown name costs as
    /// much as a wrong password, or names could be found out by time.
    bool check(const Credentials& credentials) const;

  private:
    std::map<std::string, std::string, std::less<>> hashes;
};

/// Checks passwords on threads of its own, so that hashing never holds up
/// the relay.
class Verifier
{
  public:
    enum class Answer : uint8_t
    {
        yes,
        no,
        busy, ///< too many are being checked: ask again later
    };

    explicit Verifier(Users users);

    boost::asio::awaitable<Answer> verify(Credentials credentials);

  private:
    const Users users;
    boost::asio::thread_pool threads{2};
    int pending = 0; ///< touched by the caller's thread only
};

} // namespace vmedia::httpd
