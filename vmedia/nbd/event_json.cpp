// SPDX-License-Identifier: Apache-2.0
#include "event.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace vmedia::nbd
{
namespace json = boost::json;

namespace
{

/// JSON escapes what it has to; it cannot say what is no UTF-8.
json::string text(std::string_view from)
{
    const std::string whole = utf8End(from) == from.size()
                                  ? std::string(from)
                                  : printable(from, from.size());
    return json::string(whole.data(), whole.size());
}

/// RFC 3339, UTC, to the millisecond.
std::string timeText(std::chrono::system_clock::time_point time)
{
    const auto seconds =
        std::chrono::time_point_cast<std::chrono::seconds>(time);
    const auto rest =
        std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds);
    return fmt::format(
        "{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
        fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
        rest.count());
}

void addError(json::object& out, const Error& error)
{
    out["error"] = text(error.what);
    if (!error.where.empty())
    {
        out["where"] = text(error.where);
    }
    if (!error.hint.empty())
    {
        out["hint"] = text(error.hint);
    }
}

/// Puts name, level and fields of each kind of event behind the time.
class Fields
{
  public:
    Fields(json::object& object, uint64_t number) : out(object), client(number)
    {}

    void operator()(const Listening& event)
    {
        begin("info", "listening");
        out["uri"] = text(event.uri);
        out["exports"] = event.exportCount;
        if (event.exportCount == 1)
        {
            out["bytes"] = event.size;
            out["readonly"] = event.readOnly;
        }
        out["tls"] = text(tls::toString(event.tls));
        out["kernel_tls"] = event.kernelTls;
    }
    void operator()(const FaultsPlanned& event)
    {
        begin("warning", "faults");
        out["plan"] = text(event.plan);
        out["seed"] = event.seed;
    }
    void operator()(const Connected&)
    {
        begin("info", "connected");
    }
    void operator()(const Secured& event)
    {
        begin("info", "secured");
        out["tls"] = text(event.how);
    }
    void operator()(const Negotiated& event)
    {
        begin("info", "negotiated");
        out["option"] = text(nameOf(event.chosenBy));
        out["export"] = text(event.exportName);
        out["bytes"] = event.size;
        out["readonly"] = (event.flags & readOnly) != 0;
        out["flags"] = event.flags;
    }
    void operator()(const FaultMet& event)
    {
        begin("warning", "fault");
        out["fault"] = text(event.fault);
        out["command"] = text(nameOf(event.command));
        out["offset"] = event.offset;
        out["length"] = event.length;
    }
    void operator()(const Noticed& event)
    {
        begin("warning", "export");
        out["what"] = text(event.what);
    }
    void operator()(const Refused& event)
    {
        begin("warning", "refused");
        out["reason"] = text(event.reason);
    }
    void operator()(const TimedOut& event)
    {
        begin("warning", "timeout");
        out["limit_s"] = event.limit.count();
    }
    void operator()(const Ended& event)
    {
        begin(event.error ? "warning" : "info", "ended");
        out["reason"] = reason(event);
        if (event.error)
        {
            addError(out, *event.error);
        }
        out["requests"] = event.requests;
        out["read_bytes"] = event.readBytes;
        out["written_bytes"] = event.writtenBytes;
        out["duration_ms"] = event.duration.count();
    }
    void operator()(const Failed& event)
    {
        begin("error", "failed");
        addError(out, event.error);
    }
    void operator()(const Stopped& event)
    {
        begin("info", "stopped");
        out["reason"] = text(event.reason);
    }

  private:
    void begin(std::string_view level, std::string_view name)
    {
        out["level"] = text(level);
        out["event"] = text(name);
        if (client != 0)
        {
            out["client"] = client;
        }
    }

    static std::string_view reason(const Ended& event)
    {
        if (event.error || !event.how)
        {
            return "failed";
        }
        switch (*event.how)
        {
            case SessionEnd::aborted:
                return "aborted";
            case SessionEnd::disconnected:
                return "disconnected";
            case SessionEnd::closed:
                break;
        }
        return "closed";
    }

    json::object& out;
    uint64_t client;
};

} // namespace

std::string toJson(const Event& event)
{
    json::object out;
    out["time"] = timeText(event.time);
    std::visit(Fields(out, event.client), event.what);
    return json::serialize(out);
}

} // namespace vmedia::nbd
