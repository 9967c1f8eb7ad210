// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/chunk.hpp"
#include "vmedia/tls/policy.hpp"

#include <random>
#include <string_view>
#include <variant>
#include <vector>

/// The input of the targets that hold a conversation.
namespace vmedia::nbd::fuzz
{

/// The circumstances of a session: the first bytes of an input.
struct Circumstances
{
    static constexpr size_t wireSize = 8;

    std::array<uint8_t, wireSize> bytes{};

    tls::Mode tls() const;
    bool waitsForTls() const; ///< nothing is sent behind STARTTLS at once
    bool sendsFiles() const;
    /// The text of the fault plan; empty for none. None stalls: which of two
    /// requests with one cookie was answered could not be told.
    std::string_view faults() const;
    bool stops() const;
    /// How often bytes are taken from the client before the server stops.
    size_t stopsAfter() const;
    bool hangsUp() const;
    /// How many bytes the client reads before it hangs up.
    size_t hangsUpAfter() const;
    /// How many bytes arrive together, the @p number-th time; 0 is all.
    size_t piece(size_t number) const;
};

struct OptionMessage
{
    uint32_t code = 0;
    uint32_t lie = 0; ///< added to the length in the header
    Bytes data{};
};

struct RequestMessage
{
    bool extended = false;
    uint16_t flags = 0;
    Cmd type{};
    uint64_t cookie = 0;
    uint64_t offset = 0;
    uint64_t length = 0;
    Bytes payload{};
};

using Message = std::variant<OptionMessage, RequestMessage, Bytes>;

/// What a client says, message by message, so that it can be changed without
/// falling apart. Bytes that are no message stay as they are.
struct Conversation
{
    uint32_t clientFlags = 0;
    std::vector<Message> messages{};

    static Conversation of(ByteView bytes);
    Bytes toBytes() const;
    /// Each request gets the header that the options before it ask for.
    void align();
};

/// One small change that a random choice makes.
void mutate(Conversation& conversation, std::minstd_rand& random);

/// Good conversations, each with its circumstances in front.
std::vector<std::vector<uint8_t>> conversationSeeds();

} // namespace vmedia::nbd::fuzz
