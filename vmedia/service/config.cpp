// SPDX-License-Identifier: Apache-2.0
#include "config.hpp"

#include "json_reader.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>

namespace vmedia::service
{

namespace
{

constexpr size_t fileMax = 1 << 20;
constexpr size_t pointsMax = 64;
constexpr size_t mistakesMax = 50;
constexpr size_t nameMax = 32;
constexpr size_t deviceNumberDigits = 4; // of what nbds_max is ever set to
constexpr size_t endpointMax = 255;
constexpr size_t socketPathMax = 107;    // sun_path, less the NUL

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// D-Bus specification, "Valid Object Paths": "[A-Z][a-z][0-9]_" only. The
/// name is also a file's and a gadget's.
bool isName(std::string_view name)
{
    return !name.empty() && name.size() <= nameMax &&
           std::ranges::all_of(name, [](char c) {
        return isDigit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '_';
    });
}

class Reading
{
  public:
    explicit Reading(const std::string& name) : file(name), reader(name) {}

    tl::expected<Config, Mistakes> read(std::string_view text)
    {
        Result<LocatedJson> parsed = parseLocatedJson(text, file);
        if (!parsed)
        {
            return tl::unexpected(Mistakes{parsed.error()});
        }
        readTop(*parsed);
        Mistakes mistakes = reader.mistakes(mistakesMax);
        if (!mistakes.empty())
        {
            return tl::unexpected(std::move(mistakes));
        }
        return std::move(config);
    }

  private:
    /// What a mount point claimed, and what may have claimed it before.
    struct Claim
    {
        std::string_view key;
        std::string value;
        std::string owner;
        size_t line;
    };

    void readProgram(const LocatedJson& object, std::string_view key,
                     std::string& into)
    {
        const LocatedJson* value = get(object, key);
        if (value == nullptr)
        {
            return;
        }
        const auto text = asText(*value);
        if (!text || text->empty() || text->size() > JsonReader::pathMax ||
            text->find('\0') != text->npos)
        {
            return reader.wrong(*value, fmt::format("Programs.{}", key),
                                "a program's name or path");
        }
        into = *text;
    }

    void readTop(const LocatedJson& top)
    {
        if (!reader.isObject(top, "the whole", R"({"MountPoints": {…}})"))
        {
            return;
        }
        static constexpr std::array<std::string_view, 5> known{
            "InactivityTimeout", "MountPoints", "CAFile", "Roots", "Programs"};
        reader.checkKeys(top, "", known);
        reader.readSeconds(top, "", "InactivityTimeout",
                           config.inactivityTimeout);
        reader.readPath(top, "", "CAFile", config.caFile);
        readRoots(top);
        readPrograms(top);
        readMountPoints(top);
    }

    void readRoots(const LocatedJson& top)
    {
        const LocatedJson* roots = get(top, "Roots");
        if (roots == nullptr ||
            !reader.isObject(*roots, "Roots", R"({"Devices": "/dev"})"))
        {
            return;
        }
        static constexpr std::array<std::string_view, 5> known{
            "Configfs", "UDCClass", "Devices", "Sysfs", "RunDirectory"};
        reader.checkKeys(*roots, "Roots.", known);
        Roots& into = config.roots;
        reader.readPath(*roots, "Roots.", "Configfs", into.configfs);
        reader.readPath(*roots, "Roots.", "UDCClass", into.udcClass);
        reader.readPath(*roots, "Roots.", "Devices", into.devices);
        reader.readPath(*roots, "Roots.", "Sysfs", into.sysfs);
        reader.readPath(*roots, "Roots.", "RunDirectory", into.runDirectory);
    }

    void readPrograms(const LocatedJson& top)
    {
        const LocatedJson* programs = get(top, "Programs");
        if (programs == nullptr ||
            !reader.isObject(*programs, "Programs", R"({"Nbdkit": "nbdkit"})"))
        {
            return;
        }
        static constexpr std::array<std::string_view, 3> known{
            "NbdClient", "Nbdkit", "MountCifs"};
        reader.checkKeys(*programs, "Programs.", known);
        readProgram(*programs, "NbdClient", config.programs.nbdClient);
        readProgram(*programs, "Nbdkit", config.programs.nbdkit);
        readProgram(*programs, "MountCifs", config.programs.mountCifs);
    }

    void readMountPoints(const LocatedJson& top)
    {
        static constexpr std::string_view example =
            R"({"ISO0": {"Mode": 0, "NBDDevice": "nbd0", "EndpointId": )"
            R"("/nbd/0"}})";
        const LocatedJson* points = get(top, "MountPoints");
        if (points == nullptr)
        {
            return reader.mistake(
                top.line, "there is no MountPoints",
                fmt::format("add \"MountPoints\": {}", example));
        }
        if (!reader.isObject(*points, "MountPoints", example))
        {
            return;
        }
        if (points->members.empty())
        {
            return reader.wrong(*points, "MountPoints", example);
        }
        if (points->members.size() > pointsMax)
        {
            return reader.mistake(
                points->line,
                fmt::format("MountPoints has {} members, wanted at "
                            "most {}",
                            points->members.size(), pointsMax));
        }
        reader.checkTwice(*points, "MountPoints.");
        for (const LocatedJson& member : points->members)
        {
            readMountPoint(member);
        }
    }

    void readMountPoint(const LocatedJson& object)
    {
        const std::string where = fmt::format("MountPoints.{}",
                                              printable(object.key));
        if (!isName(object.key))
        {
            reader.mistake(
                object.line,
                fmt::format("{}: the name is '{}', wanted 1 to {} of A-Z "
                            "a-z 0-9 _",
                            where, printable(object.key), nameMax),
                "it becomes the last element of a D-Bus object path");
        }
        if (!reader.isObject(object, where,
                             R"({"Mode": 0, "NBDDevice": "nbd0"})"))
        {
            return;
        }
        static constexpr std::array<std::string_view, 8> known{
            "EndpointId", "Mode",      "NBDDevice", "UnixSocket",
            "Timeout",    "BlockSize", "Readonly",  "MediaType"};
        const std::string path = where + ".";
        reader.checkKeys(object, path, known);
        MountPoint point{};
        point.name = object.key;
        const std::optional<Mode> mode = readMode(object, path);
        const bool proxy = mode == Mode::proxy;
        point.mode = mode.value_or(Mode::legacy);
        point.unixSocket = fmt::format("{}/{}.sock", config.roots.runDirectory,
                                       point.name);
        point.timeout = std::chrono::seconds(proxy ? 30 : 90);
        point.blockSize = 512;
        point.readOnly = proxy;
        point.mediaType = MediaType::automatic;
        readEndpoint(object, path, point);
        readDevice(object, path, point);
        readSocket(object, path, point);
        reader.readSeconds(object, path, "Timeout", point.timeout);
        readBlockSize(object, path, point);
        readReadOnly(object, path, point);
        readMediaType(object, path, point);
        config.mountPoints.push_back(std::move(point));
    }

    /// Nothing if that is a mistake: then nothing is asked of a mode.
    std::optional<Mode> readMode(const LocatedJson& object,
                                 std::string_view path)
    {
        const LocatedJson* value = get(object, "Mode");
        if (value == nullptr)
        {
            reader.missing(object, path, "Mode", "0 (proxy) or 1 (legacy)");
            return {};
        }
        const auto number = asWhole(*value);
        if (!number || *number < 0 || *number > 1)
        {
            reader.wrong(*value, fmt::format("{}Mode", path),
                         "0 (proxy) or 1 (legacy)");
            return {};
        }
        return Mode{static_cast<uint8_t>(*number)};
    }

    void readEndpoint(const LocatedJson& object, std::string_view path,
                      MountPoint& point)
    {
        const bool proxy = point.mode == Mode::proxy;
        const LocatedJson* value = get(object, "EndpointId");
        if (value == nullptr)
        {
            return proxy ? reader.missing(object, path, "EndpointId",
                                          "\"/nbd/0\"")
                         : void();
        }
        const auto text = asText(*value);
        if (!text || (proxy && !text->starts_with('/')) ||
            text->size() > endpointMax || text->find('\0') != text->npos)
        {
            return reader.wrong(
                *value, fmt::format("{}EndpointId", path),
                fmt::format("the path of a URL, such as \"/nbd/0\", "
                            "of at most {} bytes",
                            endpointMax));
        }
        point.endpointId = *text;
        if (!text->empty())
        {
            claim({"EndpointId", *text, std::string(path), value->line});
        }
    }

    void readDevice(const LocatedJson& object, std::string_view path,
                    MountPoint& point)
    {
        const LocatedJson* value = get(object, "NBDDevice");
        if (value == nullptr)
        {
            return reader.missing(object, path, "NBDDevice", "\"/dev/nbd0\"");
        }
        const auto text = asText(*value);
        const auto name = text ? nbdDeviceName(*text) : std::nullopt;
        if (!name)
        {
            return reader.wrong(*value, fmt::format("{}NBDDevice", path),
                                "\"/dev/nbdN\" or \"nbdN\", N from 0 to 9999");
        }
        point.device = *name;
        claim({"NBDDevice", *name, std::string(path), value->line});
    }

    void readSocket(const LocatedJson& object, std::string_view path,
                    MountPoint& point)
    {
        const LocatedJson* value = get(object, "UnixSocket");
        reader.readPath(object, path, "UnixSocket", point.unixSocket,
                        socketPathMax);
        if (value == nullptr && point.unixSocket.size() > socketPathMax)
        {
            return reader.mistake(
                object.line,
                fmt::format("{}UnixSocket is {} by default, wanted "
                            "at most {} bytes (it has {})",
                            path, printable(point.unixSocket), socketPathMax,
                            point.unixSocket.size()),
                "shorten Roots.RunDirectory");
        }
        const auto normal =
            std::filesystem::path(point.unixSocket).lexically_normal().string();
        claim({"UnixSocket", normal, std::string(path),
               value == nullptr ? object.line : value->line});
    }

    void readBlockSize(const LocatedJson& object, std::string_view path,
                       MountPoint& point)
    {
        const LocatedJson* value = get(object, "BlockSize");
        if (value == nullptr)
        {
            return;
        }
        const int64_t size = asWhole(*value).value_or(0);
        if (size != 512 && size != 1024 && size != 2048 && size != 4096)
        {
            return reader.wrong(*value, fmt::format("{}BlockSize", path),
                                "512, 1024, 2048 or 4096 (bytes)");
        }
        point.blockSize = static_cast<uint16_t>(size);
    }

    void readReadOnly(const LocatedJson& object, std::string_view path,
                      MountPoint& point)
    {
        const LocatedJson* value = get(object, "Readonly");
        if (value == nullptr)
        {
            return;
        }
        const auto flag = asFlag(*value);
        if (!flag)
        {
            return reader.wrong(*value, fmt::format("{}Readonly", path),
                                "true or false");
        }
        point.readOnly = *flag;
    }

    void readMediaType(const LocatedJson& object, std::string_view path,
                       MountPoint& point)
    {
        const LocatedJson* value = get(object, "MediaType");
        if (value == nullptr)
        {
            return;
        }
        static constexpr std::array<std::string_view, 3> words{"auto", "cdrom",
                                                               "disk"};
        const auto text = asText(*value);
        const auto word = std::ranges::find(words, text.value_or(""));
        if (word == words.end())
        {
            return reader.wrong(*value, fmt::format("{}MediaType", path),
                                R"("auto", "cdrom" or "disk")");
        }
        point.mediaType = static_cast<MediaType>(word - words.begin());
    }

    /// Two slots on one device would each take the other's medium away.
    void claim(Claim one)
    {
        const auto rival = std::ranges::find_if(claims, [&](const Claim& c) {
            return c.key == one.key && c.value == one.value;
        });
        if (rival != claims.end())
        {
            reader.mistake(
                one.line,
                fmt::format("{}{} is {}, but {}{} is, too, at line {}",
                            one.owner, one.key, printable(one.value, 107),
                            rival->owner, rival->key, rival->line),
                "give each mount point its own");
        }
        claims.push_back(std::move(one));
    }

    const std::string& file;
    JsonReader reader;
    Config config{};
    std::vector<Claim> claims{};
};

} // namespace

tl::expected<Config, Mistakes> parseConfig(std::string_view text,
                                           const std::string& file)
{
    return Reading(file).read(text);
}

tl::expected<Config, Mistakes> loadConfig(const std::string& file)
{
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    std::string text(fileMax + 1, '\0');
    if (!in || !in.read(text.data(), fileMax + 1).eof())
    {
        Error error = in ? Error{Errc::usage,
                                 fmt::format("{}: is larger than 1 MiB", file),
                                 {},
                                 "name a configuration of vmediad"}
                         : failErrno(errno,
                                     fmt::format("configuration {}", file),
                                     "create it, or name another one")
                               .value();
        error.code = Errc::usage;
        return tl::unexpected(Mistakes{std::move(error)});
    }
    text.resize(static_cast<size_t>(in.gcount()));
    return parseConfig(text, file);
}

std::string devicePath(const Config& config, const MountPoint& point)
{
    return fmt::format("{}/{}", config.roots.devices, point.device);
}

std::optional<std::string> nbdDeviceName(std::string_view text)
{
    if (text.starts_with("/dev/"))
    {
        text.remove_prefix(5);
    }
    if (!text.starts_with("nbd"))
    {
        return {};
    }
    const std::string_view number = text.substr(3);
    const bool plain = !number.empty() && number.size() <= deviceNumberDigits &&
                       std::ranges::all_of(number, isDigit) &&
                       (number.size() == 1 || number[0] != '0');
    return plain ? std::optional(std::string(text)) : std::nullopt;
}

} // namespace vmedia::service
