// SPDX-License-Identifier: Apache-2.0
#include "bzimage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sim
{

namespace
{

uint32_t littleEndian(std::span<const std::byte> in, size_t at, size_t width)
{
    uint32_t value = 0;
    for (size_t i = width; i > 0; --i)
    {
        value = (value << 8) | std::to_integer<uint32_t>(in[at + i - 1]);
    }
    return value;
}

} // namespace

Result<Payload> findPayload(std::span<const std::byte> bzImage)
{
    constexpr size_t headerEnd = 0x250;    // just after payload_length
    constexpr uint32_t magic = 0x53726448; // "HdrS"
    if (bzImage.size() < headerEnd || littleEndian(bzImage, 0x202, 4) != magic)
    {
        return vmedia::fail(Errc::io,
                            "no 'HdrS' at 0x202: this is no Linux bzImage");
    }
    const uint32_t version = littleEndian(bzImage, 0x206, 2);
    if (version < 0x208)
    {
        return vmedia::fail(
            Errc::io, fmt::format("boot protocol {}.{:02}, wanted 2.08 or "
                                  "later: it says where the payload is",
                                  version >> 8, version & 0xff));
    }
    // "For backwards compatibility, if the setup_sects field contains 0, the
    //  real value is 4." The boot sector is not counted in it.
    const uint32_t field = littleEndian(bzImage, 0x1f1, 1);
    const size_t protectedMode = size_t{512} * ((field == 0 ? 4U : field) + 1);
    const Payload payload{protectedMode + littleEndian(bzImage, 0x248, 4),
                          littleEndian(bzImage, 0x24c, 4)};
    if (payload.offset + payload.size > bzImage.size())
    {
        return vmedia::fail(Errc::io,
                            fmt::format("payload ends at {}, the file at {}",
                                        payload.offset + payload.size,
                                        bzImage.size()));
    }
    constexpr std::array<std::byte, 6> xz{std::byte{0xfd}, std::byte{'7'},
                                          std::byte{'z'},  std::byte{'X'},
                                          std::byte{'Z'},  std::byte{0}};
    if (payload.size < xz.size() ||
        !std::ranges::equal(bzImage.subspan(payload.offset, xz.size()), xz))
    {
        return vmedia::fail(Errc::io, "the payload is not compressed with xz");
    }
    return payload;
}

} // namespace sim
