// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "located_json.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::service
{

/// Takes values out of a LocatedJson and collects what is wrong with them, so
/// that a file's author hears all of it at once.
///
/// Shape: a path is "MountPoints.ISO0.Timeout"; the prefix of an object's keys
///        ends in a dot.
class JsonReader
{
  public:
    using Keys = std::span<const std::string_view>;

    explicit JsonReader(const std::string& file);

    /// "FILE:LINE: what; hint"
    void mistake(size_t line, std::string_view what, std::string hint = {});

    /// "FILE:LINE: PATH is VALUE, wanted …"
    void wrong(const LocatedJson& value, std::string_view path,
               std::string_view wanted);

    /// @p example is JSON, for the remedy.
    void missing(const LocatedJson& object, std::string_view prefix,
                 std::string_view key, std::string_view example);

    /// Keys that are not @p known, and keys that come twice.
    void checkKeys(const LocatedJson& object, std::string_view prefix,
                   Keys known);
    void checkTwice(const LocatedJson& object, std::string_view prefix);

    /// Whether it is one; else that is a mistake.
    bool isObject(const LocatedJson& value, std::string_view path,
                  std::string_view wanted);

    static constexpr int64_t secondsMax = 65535; ///< D-Bus type q
    static constexpr size_t pathMax = 4095;      ///< PATH_MAX, less the NUL

    /// 1 to secondsMax; what is not there or is wrong leaves @p into alone.
    void readSeconds(const LocatedJson& object, std::string_view prefix,
                     std::string_view key, std::chrono::seconds& into);

    /// An absolute path of at most @p most bytes, likewise.
    void readPath(const LocatedJson& object, std::string_view prefix,
                  std::string_view key, std::string& into,
                  size_t most = pathMax);

    /// What was collected, in the order of lines; of more than @p most the
    /// last one counts the rest.
    std::vector<Error> mistakes(size_t most);

  private:
    struct Found
    {
        size_t line;
        Error error;
    };

    const std::string& file;
    std::vector<Found> found{};
};

/// The value of @p key, the first if there are several, or nullptr.
const LocatedJson* get(const LocatedJson& object, std::string_view key);

/// The value, if it is of that type.
std::optional<int64_t> asWhole(const LocatedJson& value);
std::optional<std::string> asText(const LocatedJson& value);
std::optional<bool> asFlag(const LocatedJson& value);

} // namespace vmedia::service
