// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "handshake.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The server's side of the opening handshake (RFC 6455, 4.2): what a client
/// asked, and what it is told.
namespace conformance::ws
{

/// A head as it came. It is taken apart even where it is wrong.
struct Asked
{
    Request request{};
    std::string head{};   ///< its bytes, up to where it ended or went wrong
    std::string fault{};  ///< what is no HTTP in it; "" if all is
    bool tooLong = false; ///< there is no end of it within the limit

    /// The only value of that name, without blanks around; "" if there is not
    /// exactly one.
    std::string only(std::string_view name) const;
    size_t count(std::string_view name) const;
    /// The elements of all fields of that name, which are lists of commas.
    std::vector<std::string> list(std::string_view name) const;
    /// Of the target, without query and authority, and with no slash at its
    /// end but for "/".
    std::string path() const;
};

/// What is read so far. None: more of the head is needed, and nothing is wrong
/// so far. @p limit is the most that is read.
std::optional<Asked> readHead(std::string_view bytes, size_t limit);

/// Whom a server lets in; all empty: everybody.
struct Credentials
{
    std::map<std::string, std::string> users{};  ///< name to password
    std::map<std::string, std::string> guests{}; ///< known, and may not
    std::string token{}; ///< after Bearer, or in the cookie SESSION
    std::string csrf{};  ///< with the cookie: what has to be a subprotocol

    bool areNeeded() const
    {
        return !users.empty() || !guests.empty() || !token.empty();
    }
};

/// What a server admits.
struct Admission
{
    std::vector<std::string> paths{"/"};
    std::vector<std::string> protocols{}; ///< subprotocols, the dearest first
    Credentials credentials{};
    /// Takes what is behind the path for this client; false: it is in use.
    std::function<bool(const std::string& path)> claim{};
};

/// What a client is told.
struct Answer
{
    int status = 101;
    std::string words{};  ///< the body, if it is refused
    Fields fields{};
    bool silent = false;  ///< it is told nothing, and may wait
    bool hangsUp = false; ///< it is told nothing, and the connection ends

    bool upgrades() const
    {
        return status == 101 && !silent && !hangsUp;
    }
};

/// 101, whatever was asked.
Answer upgraded(const Asked& asked);

Answer refused(int status, std::string words);

/// The rules, one after the other.
Answer judge(const Asked& asked, const Admission& admission);

/// The response's bytes.
std::string responseText(const Asked& asked, const Answer& answer);

} // namespace conformance::ws
