// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace vmedia
{

/// What can go wrong, for programs; people read the texts of Error.
enum class Errc : uint8_t
{
    usage,        ///< an argument or a configuration that we cannot take
    io,           ///< the operating system refused: file, socket, device
    protocol,     ///< the peer said something that its protocol forbids
    closedByPeer, ///< the peer ended the connection
    cancelled,    ///< we were asked to stop
    timeout,      ///< a deadline passed without the evidence that we wanted
    refused,      ///< the peer understood and said no (401, 404, 409 …)
    child,        ///< a program that we started did not do its job
};

/// One failure, told so that a user can act on it.
///
/// Shape: fact first, with the value seen and the one wanted; then where it
///        happened; then what to do. No text holds a newline: one failure is
///        one line, on a terminal, in a log and in a WebSocket close reason.
struct Error
{
    Errc code;
    std::string what;
    std::string where{}; ///< callers add it: "option 3", "slot 0"
    std::string hint{};  ///< the next thing to do; empty if we do not know it
    int errorNumber = 0; ///< ENODEV …, for who answers with one; 0: none said
};

template <typename T>
using Result = tl::expected<T, Error>; // the only line that names the library

/// `return fail(Errc::io, "…", "hint")` from a function that gives a Result.
tl::unexpected<Error> fail(Errc code, std::string what, std::string hint = {});

/// As fail(), with the system's own word for @p errorNumber after the fact.
tl::unexpected<Error> failErrno(int errorNumber, std::string what,
                                std::string hint = {});

/// As fail(Errc::io), with @p errorNumber for programs only: people read more
/// in @p what than the system's word would tell them.
tl::unexpected<Error> failNumbered(int errorNumber, std::string what,
                                   std::string hint = {});

/// The same failure, seen from one step further out.
tl::unexpected<Error> during(std::string_view where, Error error);

/// One line: "what (where); hint". Control bytes are shown as \x0a.
std::string describe(const Error& error);

/// 2 for Errc::usage, 1 for everything else.
int exitStatus(const Error& error);

/// Prints "PROGRAM: describe(error)" to stderr and gives the exit status.
int report(std::string_view program, const Error& error);

} // namespace vmedia
