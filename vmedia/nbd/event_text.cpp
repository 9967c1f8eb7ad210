// SPDX-License-Identifier: Apache-2.0
#include "event.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/format.h>

namespace vmedia::nbd
{

namespace
{

const char* access(bool only)
{
    return only ? "read-only" : "writable";
}

std::string tlsText(const Listening& event)
{
    if (event.tls == tls::Mode::off)
    {
        return {};
    }
    return fmt::format(", TLS {}{}",
                       event.tls == tls::Mode::require ? "required" : "offered",
                       event.kernelTls ? ", in the kernel over TCP" : "");
}

/// What each kind of event is to a person.
struct Line
{
    std::string operator()(const Listening& event) const
    {
        return event.exportCount == 1
                   ? fmt::format("listening on {} ({} bytes, {}{})", event.uri,
                                 event.size, access(event.readOnly),
                                 tlsText(event))
                   : fmt::format("listening on {} ({} exports{})", event.uri,
                                 event.exportCount, tlsText(event));
    }
    std::string operator()(const FaultsPlanned& event) const
    {
        return fmt::format("faults '{}', seed {}", event.plan, event.seed);
    }
    std::string operator()(const Connected&) const
    {
        return {}; // a line follows: negotiated, or why not
    }
    std::string operator()(const Secured& event) const
    {
        return fmt::format("secured by {}", event.how);
    }
    std::string operator()(const Negotiated& event) const
    {
        return fmt::format("NBD negotiated ({}, export '{}', {} bytes, {})",
                           nameOf(event.chosenBy), printable(event.exportName),
                           event.size, access((event.flags & readOnly) != 0));
    }
    std::string operator()(const FaultMet& event) const
    {
        return fmt::format("fault {}: {} of {} bytes at {}", event.fault,
                           nameOf(event.command), event.length, event.offset);
    }
    std::string operator()(const Noticed& event) const
    {
        return event.what;
    }
    std::string operator()(const Refused& event) const
    {
        return fmt::format("a client was refused: {}", event.reason);
    }
    std::string operator()(const TimedOut& event) const
    {
        return fmt::format("negotiation took longer than {} s",
                           event.limit.count());
    }
    std::string operator()(const Ended& event) const
    {
        if (event.error)
        {
            return describe(*event.error);
        }
        const auto last = [&event] {
            switch (event.how.value_or(SessionEnd::closed))
            {
                case SessionEnd::aborted:
                    return "ended by NBD_OPT_ABORT";
                case SessionEnd::disconnected:
                    return "ended by NBD_CMD_DISC";
                case SessionEnd::closed:
                    break;
            }
            return "closed the connection";
        };
        return fmt::format("{} ({} requests, {} bytes read, {} written)",
                           last(), event.requests, event.readBytes,
                           event.writtenBytes);
    }
    std::string operator()(const Failed& event) const
    {
        return describe(event.error);
    }
    std::string operator()(const Stopped& event) const
    {
        return fmt::format("stopped: {}", event.reason);
    }
};

} // namespace

bool announces(const Event& event)
{
    return std::holds_alternative<Listening>(event.what) ||
           std::holds_alternative<FaultsPlanned>(event.what) ||
           std::holds_alternative<Noticed>(event.what) ||
           std::holds_alternative<Failed>(event.what);
}

std::string toText(const Event& event)
{
    std::string line = std::visit(Line{}, event.what);
    return line.empty() || event.client == 0
               ? line
               : fmt::format("client {}: {}", event.client, line);
}

} // namespace vmedia::nbd
