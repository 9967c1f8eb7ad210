// SPDX-License-Identifier: Apache-2.0
#include "journal.hpp"

#include "config.hpp"
#include "json_reader.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>

namespace vmedia::service
{

namespace json = boost::json;

namespace
{

constexpr size_t nameMax = 255; // NAME_MAX

bool isFileName(std::string_view name)
{
    return !name.empty() && name.size() <= nameMax && name[0] != '.' &&
           std::ranges::all_of(name, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
    });
}

bool isPlainPath(const std::string& path)
{
    return path.size() > 1 && path.size() <= JsonReader::pathMax &&
           path[0] == '/' && path.find('\0') == path.npos &&
           path.back() != '/' &&
           std::filesystem::path(path).lexically_normal().native() == path;
}

class Reading
{
  public:
    explicit Reading(const std::string& file) : reader(file) {}

    Result<Journal> read(const LocatedJson& top)
    {
        if (reader.isObject(top, "the whole", R"({"boot": …})"))
        {
            readTop(top);
        }
        const std::vector<Error> mistakes = reader.mistakes(1);
        if (!mistakes.empty())
        {
            return tl::unexpected(mistakes[0]);
        }
        return std::move(journal);
    }

  private:
    void readTop(const LocatedJson& top)
    {
        static constexpr std::array<std::string_view, 2> known{"boot",
                                                               "mountPoints"};
        reader.checkKeys(top, "", known);
        for (const std::string_view key : known)
        {
            if (get(top, key) == nullptr)
            {
                return reader.missing(top, "", key, "…");
            }
        }
        const LocatedJson& boot = *get(top, "boot");
        const auto id = asText(boot);
        if (!id)
        {
            return reader.wrong(boot, "boot", "a boot_id");
        }
        journal.boot = *id;
        const LocatedJson& points = *get(top, "mountPoints");
        if (!reader.isObject(points, "mountPoints", "an object"))
        {
            return;
        }
        reader.checkTwice(points, "mountPoints.");
        for (const LocatedJson& member : points.members)
        {
            readOne(member);
        }
    }

    void readOne(const LocatedJson& member)
    {
        const std::string path = fmt::format("mountPoints.{}.",
                                             printable(member.key));
        if (!reader.isObject(member, path, "an object"))
        {
            return;
        }
        static constexpr std::array<std::string_view, 7> known{
            "gadget", "device", "client", "server",
            "socket", "share",  "secret"};
        reader.checkKeys(member, path, known);
        Belongings one{member.key};
        readText(member, path, "gadget", one.gadget, "a directory's name",
                 isFileName);
        readText(member, path, "device", one.device, "\"nbdN\"",
                 [](const std::string& text) {
            return nbdDeviceName(text) == text;
        });
        readProcess(member, path, "client", one.client);
        readProcess(member, path, "server", one.server);
        static constexpr std::string_view wanted = "an absolute, plain path";
        readText(member, path, "socket", one.socket, wanted, isPlainPath);
        readText(member, path, "share", one.share, wanted, isPlainPath);
        readText(member, path, "secret", one.secret, wanted, isPlainPath);
        journal.put(std::move(one));
    }

    template <typename Test>
    void readText(const LocatedJson& object, std::string_view path,
                  std::string_view key, std::string& into,
                  std::string_view wanted, Test isRight)
    {
        const LocatedJson* value = get(object, key);
        if (value == nullptr)
        {
            return;
        }
        const auto text = asText(*value);
        if (!text || !isRight(*text))
        {
            return reader.wrong(*value, fmt::format("{}{}", path, key), wanted);
        }
        into = *text;
    }

    void readProcess(const LocatedJson& object, std::string_view path,
                     std::string_view key, std::optional<ProcessId>& into)
    {
        const LocatedJson* value = get(object, key);
        if (value == nullptr)
        {
            return;
        }
        const std::string here = fmt::format("{}{}", path, key);
        static constexpr std::array<std::string_view, 2> known{"pid",
                                                               "startTime"};
        if (!reader.isObject(*value, here, "{\"pid\": …, \"startTime\": …}"))
        {
            return;
        }
        reader.checkKeys(*value, here + ".", known);
        for (const std::string_view each : known)
        {
            const LocatedJson* number = get(*value, each);
            const std::string name = fmt::format("{}.{}", here, each);
            if (number == nullptr)
            {
                return reader.missing(*value, here + ".", each, "…");
            }
            // 0 and 1: everybody in our group, and init.
            const int64_t least = each == "pid" ? 2 : 0;
            if (asWhole(*number).value_or(-1) < least ||
                (each == "pid" &&
                 *asWhole(*number) > std::numeric_limits<int>::max()))
            {
                return reader.wrong(*number, name, "that of a process");
            }
        }
        into = {static_cast<int>(*asWhole(*get(*value, "pid"))),
                static_cast<uint64_t>(*asWhole(*get(*value, "startTime")))};
    }

    JsonReader reader;
    Journal journal{};
};

json::object toObject(const ProcessId& process)
{
    return {{"pid", process.pid}, {"startTime", process.startTime}};
}

} // namespace

bool Belongings::empty() const
{
    return *this == Belongings{mountPoint};
}

void Journal::put(Belongings one)
{
    const auto at = std::ranges::find(all, one.mountPoint,
                                      &Belongings::mountPoint);
    if (one.empty())
    {
        if (at != all.end())
        {
            all.erase(at);
        }
    }
    else if (at != all.end())
    {
        *at = std::move(one);
    }
    else
    {
        all.push_back(std::move(one));
    }
}

std::string toJson(const Journal& journal)
{
    json::object points;
    for (const Belongings& one : journal.all)
    {
        json::object object;
        const auto add = [&object](const char* key, const std::string& text) {
            if (!text.empty())
            {
                object[key] = text;
            }
        };
        add("gadget", one.gadget);
        add("device", one.device);
        if (one.client)
        {
            object["client"] = toObject(*one.client);
        }
        if (one.server)
        {
            object["server"] = toObject(*one.server);
        }
        add("socket", one.socket);
        add("share", one.share);
        add("secret", one.secret);
        points[one.mountPoint] = std::move(object);
    }
    return json::serialize(
        json::object{{"boot", journal.boot}, {"mountPoints", points}});
}

Result<Journal> parseJournal(std::string_view text, const std::string& file)
{
    Result<LocatedJson> parsed = parseLocatedJson(text, file);
    if (!parsed)
    {
        return tl::unexpected(parsed.error());
    }
    return Reading(file).read(*parsed);
}

} // namespace vmedia::service
