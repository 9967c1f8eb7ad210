// SPDX-License-Identifier: Apache-2.0
#include "export.hpp"

#include <cerrno>

namespace vmedia::exports
{

// What an export does not name in its abilities, it need not write.

int Export::write(std::span<const std::byte>, uint64_t)
{
    return EPERM;
}

int Export::flush()
{
    return 0;
}

int Export::trim(uint64_t, uint64_t)
{
    return ENOTSUP;
}

int Export::zero(uint64_t, uint64_t, Zeroing)
{
    return ENOTSUP;
}

int Export::cache(uint64_t, uint64_t)
{
    return ENOTSUP;
}

int Export::extents(uint64_t, uint64_t length, size_t, std::vector<Extent>& out)
{
    out.push_back({length, false, false}); // it may all be data
    return 0;
}

bool Export::mayWait(Operation, uint64_t, uint64_t)
{
    return false;
}

int Export::descriptor() const
{
    return -1;
}

int Export::descriptorToWrite()
{
    return -1;
}

std::span<const std::byte> Export::mapped(uint64_t, uint64_t, bool)
{
    return {};
}

} // namespace vmedia::exports
