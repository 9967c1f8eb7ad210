// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

namespace conformance
{

/// A block of a pcapng file, whose integers are little-endian here.
class PcapBlock
{
  public:
    explicit PcapBlock(uint32_t type)
    {
        u32(type);
        u32(0); // its length
    }
    void u16(uint16_t value)
    {
        text.push_back(static_cast<char>(value));
        text.push_back(static_cast<char>(value >> 8));
    }
    void u32(uint32_t value)
    {
        u16(static_cast<uint16_t>(value));
        u16(static_cast<uint16_t>(value >> 16));
    }
    void bytes(vmedia::nbd::ByteView data)
    {
        for (const std::byte byte : data)
        {
            text.push_back(static_cast<char>(byte));
        }
        pad();
    }
    void option(uint16_t code, std::string_view value)
    {
        constexpr size_t longest = 60000;
        value = value.substr(0, longest);
        if (!value.empty())
        {
            u16(code);
            u16(static_cast<uint16_t>(value.size()));
            text += value;
            pad();
        }
    }
    void write(std::ostream& out)
    {
        u32(0); // the end of the options
        const auto length = static_cast<uint32_t>(text.size() + 4);
        u32(length);
        for (size_t i = 0; i < 4; ++i)
        {
            text[4 + i] = static_cast<char>(length >> (8 * i));
        }
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
    }

  private:
    void pad()
    {
        while (text.size() % 4 != 0)
        {
            text.push_back('\0');
        }
    }

    std::string text;
};

} // namespace conformance
