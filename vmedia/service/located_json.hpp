// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::service
{

/// A JSON value that knows the line of its file that it stands in.
///
/// Shape: members keep their order and their duplicates: whether a key that
///        comes twice is a mistake is the reader's to say. What is in an array
///        is checked and then dropped; nothing that we read has one.
struct LocatedJson
{
    enum class Kind : uint8_t
    {
        scalar, ///< in `scalar`
        object, ///< in `members`
        array,
    };
    size_t line = 0; ///< from 1: where the value begins
    Kind kind = Kind::scalar;
    boost::json::value scalar{};
    std::string key{}; ///< of a member
    std::vector<LocatedJson> members{};

    /// As its author wrote it, cut to a length that fits a line.
    std::string shown() const;
};

/// Reads JSON that people edit: besides what RFC 8259 has, `#` and `//` begin
/// a comment that goes to the end of its line, and a comma may come before a
/// closing bracket. The example in OpenBMC's design has both.
///
/// Boost.JSON's event parser does the reading. It tells no positions, but no
/// token of JSON can hold a newline: fed a line at a time, it is at the line
/// that was fed last. yaml-cpp, which has marks and takes comments, would also
/// take anchors, aliases, tags, bare words and keys without a value, and would
/// not tell "30" from 30 nor report a key that comes twice.
///
/// Limits: 32 levels, as Boost.JSON has them. The caller bounds the text.
/// Errors: "FILE:LINE: …", the first only: after it nothing is certain.
Result<LocatedJson> parseLocatedJson(std::string_view text,
                                     std::string_view file);

} // namespace vmedia::service
