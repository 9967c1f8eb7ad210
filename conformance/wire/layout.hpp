// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "message.hpp"

#include <fmt/format.h>

namespace conformance
{

/// Names the fields of a message one after the other, as far as its bytes go.
///
/// Errors: none. What is too short for a field becomes a field that is not
///         parsed, and all that follow do nothing.
class Layout
{
  public:
    explicit Layout(Message& of) : message(of) {}

    /// An integer, with @p text(value) for people; 0 where there is none.
    template <typename Text>
    uint64_t number(std::string_view name, size_t width, Text text)
    {
        if (!has(width))
        {
            return stop(left() < width ? "unparsed bytes" : "not kept");
        }
        const uint64_t value = take(width);
        add(name, text(value), width);
        return value;
    }
    uint64_t number(std::string_view name, size_t width)
    {
        return number(name, width,
                      [](uint64_t value) { return std::to_string(value); });
    }
    uint64_t hex(std::string_view name, size_t width)
    {
        return number(name, width, [](uint64_t value) {
            return fmt::format("{:#x}", value);
        });
    }
    /// A stranger's text.
    void string(std::string_view name, uint64_t length);
    /// All that is left as text, if there is any.
    void string(std::string_view name)
    {
        if (left() != 0)
        {
            string(name, left());
        }
    }
    /// All that is left, whatever it is; gives 0.
    uint64_t rest(std::string_view name);

    /// Of the message, kept or not.
    uint64_t left() const
    {
        return message.length - at;
    }
    /// No more than that many fields: a list may be long.
    bool full() const;

  private:
    /// What is left is not what it should be.
    uint64_t stop(std::string_view name)
    {
        broken = true;
        return rest(name);
    }
    bool has(uint64_t count) const
    {
        return !broken && at + count <= message.bytes.size();
    }
    uint64_t take(size_t width) const;
    void add(std::string_view name, std::string text, uint64_t length);

    Message& message;
    uint64_t at = 0;
    bool broken = false;
};

} // namespace conformance
