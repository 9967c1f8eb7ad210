// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "negotiator.hpp"
#include "transmission.hpp"

#include <functional>

namespace vmedia::nbd
{

/// Where a reference peer may be told to break exactly one rule, so that the
/// conformance case for that rule can be seen to fail.
///
/// Shape:   each hook may be empty. It sees what was decided by the rules and
///          changes it before it is sent. A server that people use has none.
/// Threads: one copy a connection; hooks may keep state in the copy.
struct Deviation
{
    std::function<void(Bytes& greeting)> greeting{};
    std::function<void(uint32_t flags, Phase& next)> clientFlags{};
    /// The 16 bytes before an option's data, before they are looked at.
    std::function<void(std::span<std::byte, OptionHeader::wireSize> bytes)>
        header{};
    std::function<void(const Option& option, Step& step)> step{};
    /// In transmission; what is changed in the command shows in the reply.
    std::function<void(Command& command, Plan& todo)> plan{};
    /// The header of a request, before it is looked at.
    std::function<void(std::span<std::byte> bytes)> request{};
    /// All bytes of a reply, when they are ready to be sent.
    std::function<void(const Command& command, Bytes& bytes)> reply{};
};

} // namespace vmedia::nbd
