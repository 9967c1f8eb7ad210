// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "negotiator.hpp"

/// What replies to options are made of.
namespace vmedia::nbd
{

/// "accompanied by a string payload to present to a human user"
inline OptionReply refusal(Opt option, Rep type, std::string_view text)
{
    OptionReply reply{option, type};
    append(reply.data, text);
    return reply;
}

inline Step refuse(Opt option, Rep type, std::string_view text)
{
    return {Phase::options, {refusal(option, type, text)}};
}

/// "NBD_OPT_LIST": name length, name, then what else there is to say of it
inline Bytes serverData(const ExportInfo& info)
{
    Bytes data;
    append(data, static_cast<uint32_t>(info.name.size()));
    append(data, info.name);
    append(data, info.description);
    return data;
}

inline Bytes stringInfo(Info type, std::string_view text)
{
    Bytes data;
    append(data, type);
    append(data, text);
    return data;
}

template <size_t size>
Bytes toBytes(const std::array<std::byte, size>& in)
{
    return {in.begin(), in.end()};
}

/// "MUST NOT contain `NUL`", "MUST be no longer than 4096 bytes"
/// ("Conventions")
inline bool isString(std::string_view text)
{
    return text.size() <= stringMax && text.find('\0') == text.npos;
}

} // namespace vmedia::nbd
