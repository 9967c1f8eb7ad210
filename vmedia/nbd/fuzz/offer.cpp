// SPDX-License-Identifier: Apache-2.0
#include "offer.hpp"

#include "fixtures/fuzz.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace vmedia::nbd::fuzz
{

namespace
{

/// A file without a name, open for as long as the process lives. Its second
/// 64 KiB are a hole.
int makeFile()
{
    const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
    ::fuzz::require(file >= 0 && ::ftruncate(file, diskSize) == 0,
                    "a file can be made");
    const ByteView content = fileContent();
    constexpr size_t block = 64 << 10;
    const auto put = [&](size_t from, size_t size) {
        const ssize_t done = ::pwrite(file, content.data() + from, size,
                                      static_cast<off_t>(from));
        ::fuzz::require(done == static_cast<ssize_t>(size),
                        "a file can be written");
    };
    put(0, block);
    put(2 * block, diskSize - 2 * block);
    return file;
}

} // namespace

ByteView fileContent()
{
    static const Bytes content = [] {
        constexpr size_t block = 64 << 10;
        Bytes bytes(diskSize);
        for (size_t at = 0; at < diskSize; ++at)
        {
            bytes[at] = at / block == 1 ? std::byte{0}
                                        : static_cast<std::byte>(1 + at % 251);
        }
        return bytes;
    }();
    return content;
}

Catalogue makeOffer()
{
    using exports::Access;
    static const int file = makeFile();
    Catalogue offer;
    offer.add("disk", *exports::openMemory(diskSize, Access::readWrite));
    offer.add("pattern", *exports::openPattern(hugeSize, Access::readOnly));
    offer.add("null", *exports::openNull(hugeSize, Access::readWrite));
    offer.add("file", *exports::openFile(fmt::format("/proc/self/fd/{}", file),
                                         Access::readOnly));
    offer.add("secret", *exports::openNull(512, Access::readOnly));
    offer.infos.back().tlsOnly = true;
    offer.infos.front().description = "what is written is read";
    return offer;
}

} // namespace vmedia::nbd::fuzz
