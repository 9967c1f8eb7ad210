// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "terms.hpp"
#include "vmedia/error/error.hpp"
#include "vmedia/tls/policy.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace vmedia::nbd
{

/// How a session came to its end without an error.
enum class SessionEnd : uint8_t
{
    aborted,      ///< NBD_OPT_ABORT
    disconnected, ///< NBD_CMD_DISC
    closed,       ///< between two requests, without a word
};

/// The server accepts clients.
struct Listening
{
    std::string uri;
    size_t exportCount = 1;
    uint64_t size = 0;     ///< bytes, of a single export
    bool readOnly = false; ///< likewise
    tls::Mode tls = tls::Mode::off;
    bool kernelTls = false;
};

/// Things will go wrong on purpose.
struct FaultsPlanned
{
    std::string plan;
    uint64_t seed = 0;
};

struct Connected
{};

/// TLS is in use: "TLSv1.3, TLS_AES_256_GCM_SHA384, alice".
struct Secured
{
    std::string how;
};

/// Transmission begins.
struct Negotiated
{
    Opt chosenBy{};
    std::string exportName;
    uint64_t size = 0;
    uint16_t flags = 0; ///< TransmissionFlag, as the client was told them
};

/// One request met a rule of the fault plan.
struct FaultMet
{
    std::string fault; ///< "delay", "cut"
    Cmd command{};
    uint64_t offset = 0;
    uint64_t length = 0;
};

/// What an export has to tell: its upstream was lost, or is back.
struct Noticed
{
    std::string what;
};

/// A client that was turned away before a word was said.
struct Refused
{
    std::string reason;
};

/// Negotiation took too long; the end follows.
struct TimedOut
{
    std::chrono::seconds limit{};
};

struct Ended
{
    std::optional<SessionEnd> how{}; ///< or there is an error
    std::optional<Error> error{};
    uint64_t requests = 0;
    uint64_t readBytes = 0;
    uint64_t writtenBytes = 0;
    std::chrono::milliseconds duration{};
};

/// The whole program could not go on.
struct Failed
{
    Error error;
};

struct Stopped
{
    std::string reason; ///< "SIGTERM", "the command of --run ended"
};

/// What a server tells of itself, for people and for programs.
///
/// Shape:   text and JSON are two views of the same event; both are one line
///          without a newline. What strangers sent is escaped there.
/// Threads: a value; any.
struct Event
{
    using What = std::variant<Listening, FaultsPlanned, Connected, Secured,
                              Negotiated, FaultMet, Noticed, Refused, TimedOut,
                              Ended, Failed, Stopped>;

    What what;
    uint64_t client = 0; ///< from 1, in the order of arrival; 0: of no client
    std::chrono::system_clock::time_point time =
        std::chrono::system_clock::now();
};

/// Told also to who did not ask for more than necessary.
bool announces(const Event& event);

/// "client 3: NBD negotiated (NBD_OPT_GO, export 'a', 512 bytes, writable)";
/// empty for what is not worth a line to a person.
std::string toText(const Event& event);

/// One object: "time", "level", "event", of a client "client", and what the
/// event itself has.
std::string toJson(const Event& event);

} // namespace vmedia::nbd
