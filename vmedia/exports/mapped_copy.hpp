// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <span>

namespace vmedia::exports
{

/// True if no page of @p mapped has to come from a disk first. Where the
/// kernel does not tell (the file is neither ours nor writable for us): true.
bool isResident(std::span<const std::byte> mapped);

/// Copies a part of a mapped file. False if a page of it cannot be had, for
/// the file became shorter or its disk failed; @p into is then undefined.
///
/// Shape:   as long as @p mapped.
/// Threads: any number. From the first call on, the SIGBUS that such a page
///          raises ends the copy; every other SIGBUS does what it did before.
bool copyMapped(std::span<std::byte> into, std::span<const std::byte> mapped);

} // namespace vmedia::exports
