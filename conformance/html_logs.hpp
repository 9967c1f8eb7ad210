// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"

#include <map>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace conformance
{

/// The wire logs of a page, as data that its script shows where a case is
/// opened.
///
/// Bounds: cases that did not pass have their log; the others as long as all
///         logs together stay below @p enough bytes.
class HtmlLogs
{
  public:
    static constexpr size_t usual = 8 << 20;

    explicit HtmlLogs(std::span<const Run> runs, size_t enough = usual);

    /// Of the data, for the script: "0-17". None if there is no log.
    std::string idOf(const Record& record) const;
    /// Whether there was a log and no room for it.
    bool leftOut(const Record& record) const;
    void write(std::ostream& out) const;

  private:
    struct Log
    {
        std::string id;
        std::string data; ///< empty: left out
    };
    std::string encoded(const Record& record, std::string_view suite);
    size_t number(std::string_view text);

    std::map<const Record*, Log> logs;
    std::map<std::string, size_t, std::less<>> numbers;
    std::vector<std::string> strings; ///< that the logs name by number
};

} // namespace conformance
