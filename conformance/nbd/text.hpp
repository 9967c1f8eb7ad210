// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <string>

namespace conformance::nbd
{

/// What keeps @p bytes from being a string of the spec ("Conventions"): NUL,
/// more than 4096 bytes, or no UTF-8. Empty if nothing does.
std::string stringFault(vmedia::nbd::ByteView bytes);

/// "NBD_EINVAL or NBD_ENOSPC", of all that has a nameOf()
template <typename List>
std::string listed(const List& values)
{
    std::string text;
    for (const auto value : values)
    {
        text += (text.empty() ? "" : " or ") + nameOf(value);
    }
    return text;
}

} // namespace conformance::nbd
