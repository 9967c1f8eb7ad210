// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

namespace conformance
{

/// A part of a message that the protocol gives a name.
struct Field
{
    std::string name;
    std::string value; ///< for people; strangers' text is still in it
    uint64_t offset;   ///< in the message
    uint64_t length;
    bool operator==(const Field&) const = default;
};

/// What an entry of a Wire means: a message of some protocol, or an event. The
/// messages of several protocols may stand in one list, each with its layer.
struct Message
{
    size_t entry = 0; ///< where its first byte is, among Wire::entries
    uint64_t at = 0;  ///< µs since the case began
    uint32_t connection = 0;
    WireKind kind = WireKind::note;
    std::string_view layer{};   ///< "NBD", "WS"; empty: an event
    std::string title{};        ///< "NBD_OPT_GO"
    std::string summary{};      ///< what else there is to say in one line
    uint64_t offset = 0;        ///< in what its side has sent
    uint64_t length = 0;
    vmedia::nbd::Bytes bytes{}; ///< its first ones
    std::vector<Field> fields{};
    bool unparsed = false;
    bool carried = false; ///< by the message before it, which completed it
};

/// The messages and events of a case, in order. What is no message comes as
/// such: nothing here fails.
///
/// @p suite tells what is spoken: "nbd-server", "ws-server".
std::vector<Message> decode(const Wire& wire, std::string_view suite);

/// "-> NBD_OPT_GO, name ''": one line, "->" for what we sent.
std::string lineOf(const Message& message);

/// All of them.
std::vector<std::string> linesOf(const Wire& wire, std::string_view suite);

} // namespace conformance
