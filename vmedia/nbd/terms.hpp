// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

#include <string>

namespace vmedia::nbd
{

/// What a server tells of an export before transmission.
struct ExportInfo
{
    std::string name; ///< at most 4096 bytes; "" is the default export
    std::string description{};
    uint64_t size = 0;
    uint16_t flags = hasFlags; ///< TransmissionFlag, as without extensions
    InfoBlockSize blockSize{1, 4096, 32U << 20};
    bool tlsOnly = false;   ///< of a server that offers TLS and forces it here
    bool byDefault = false; ///< "", which no other has, chooses it too
};

/// How replies look.
enum class Replies : uint8_t
{
    simple,
    structured, ///< NBD_OPT_STRUCTURED_REPLY
    extended,   ///< NBD_OPT_EXTENDED_HEADERS: requests too
};

/// "The base: metadata namespace": the one context that there is here.
inline constexpr std::string_view allocationContext = "base:allocation";
inline constexpr uint32_t allocationId = 1;

/// What client and server agreed on.
struct Terms
{
    const ExportInfo* info = nullptr; ///< of the export that was chosen
    uint16_t flags = 0;               ///< as the client was told them
    Replies replies = Replies::simple;
    bool allocation = false;          ///< base:allocation is selected
};

} // namespace vmedia::nbd
