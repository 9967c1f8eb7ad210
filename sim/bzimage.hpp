// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace sim
{
using vmedia::Errc;
using vmedia::Result;

/// Where the compressed vmlinux lies in a bzImage, in bytes from its start.
struct Payload
{
    size_t offset;
    size_t size;
    bool operator==(const Payload&) const = default;
};

/// Source: Documentation/x86/boot.rst, "The Real-Mode Kernel Header".
/// Errors: no bzImage, a boot protocol before 2.08 (it has no payload
///         fields), a payload that lies outside of the file, or one that is
///         not xz, the only compression that Debian uses.
Result<Payload> findPayload(std::span<const std::byte> bzImage);

} // namespace sim
