// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "secret.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::tls
{

/// The users and keys of a file that psktool wrote.
///
/// Shape:   a line per user, `user:hexkey`. A name that begins with '#' is
///          the hex of the name, as GnuTLS has it since 3.6.13.
/// Units:   a key has 16 to 256 bytes: RFC 9257, section 4.2, wants 128 bits
///          of entropy, and an SSL_SESSION holds 256. psktool makes 32.
/// Errors:  name the file and the line, never what the line says of a key.
/// Threads: nothing changes after load().
/// Owner:   keys are wiped with the object.
class PskFile
{
  public:
    static constexpr size_t keySizeMin = 16;
    static constexpr size_t keySizeMax = 256;

    static Result<PskFile> load(const std::filesystem::path& file);
    /// Of what a file holds; @p name is its name, for errors.
    static Result<PskFile> parse(std::string_view content,
                                 std::string_view name);

    /// The key of @p user. Looks at each entry whoever is asked for, and at
    /// no byte of any key.
    std::optional<std::span<const unsigned char>>
        find(std::string_view user) const;

    /// There is one: an empty file is refused.
    const std::string& firstUser() const
    {
        return users.front().name;
    }

    size_t size() const
    {
        return users.size();
    }

  private:
    struct User
    {
        std::string name;
        Secret key;
    };

    Result<void> add(std::string_view line);

    std::vector<User> users{};
};

} // namespace vmedia::tls
