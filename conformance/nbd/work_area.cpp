// SPDX-License-Identifier: Apache-2.0
#include "work_area.hpp"

#include <algorithm>

namespace conformance::nbd
{

using namespace vmedia::nbd;

Bytes noise(std::mt19937_64& random, size_t size)
{
    Bytes bytes(size);
    std::ranges::generate(
        bytes, [&] { return static_cast<std::byte>(1 + random() % 255); });
    return bytes;
}

WorkArea::WorkArea(Exchange& io) :
    unit(std::max(16U << 10, io.minimum())), begin(uint64_t{16} * unit),
    size(16 * unit), middle(begin + uint64_t{4} * unit), middleSize(8 * unit)
{
    io.needsSize(begin + size, "the area that would be written");
    before = io.borrow(begin, size);
}

Bytes WorkArea::with(ByteView content) const
{
    Bytes all = before;
    std::ranges::copy(content, all.begin() +
                                   static_cast<std::ptrdiff_t>(middle - begin));
    return all;
}

} // namespace conformance::nbd
