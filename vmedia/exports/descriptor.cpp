// SPDX-License-Identifier: Apache-2.0
#include "descriptor.hpp"

#include "extents.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace vmedia::exports
{

Descriptor::Descriptor(Descriptor&& other) noexcept :
    number(std::exchange(other.number, -1))
{}

Descriptor::~Descriptor()
{
    if (number >= 0)
    {
        ::close(number);
    }
}

int Descriptor::read(std::span<std::byte> into, uint64_t offset) const
{
    while (!into.empty())
    {
        const ssize_t got = ::pread(number, into.data(), into.size(),
                                    static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR)
        {
            continue;
        }
        if (got <= 0)
        {
            // An end of file here: the file shrank while it was served.
            return got < 0 ? errno : EIO;
        }
        into = into.subspan(static_cast<size_t>(got));
        offset += static_cast<uint64_t>(got);
    }
    return 0;
}

int Descriptor::write(std::span<const std::byte> from, uint64_t offset) const
{
    while (!from.empty())
    {
        const ssize_t put = ::pwrite(number, from.data(), from.size(),
                                     static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR)
        {
            continue;
        }
        if (put <= 0)
        {
            return put < 0 ? errno : EIO;
        }
        from = from.subspan(static_cast<size_t>(put));
        offset += static_cast<uint64_t>(put);
    }
    return 0;
}

int Descriptor::writeZeroes(uint64_t offset, uint64_t length) const
{
    static constexpr std::array<std::byte, 1 << 18> zeroes{};
    while (length > 0)
    {
        const uint64_t piece = std::min<uint64_t>(length, zeroes.size());
        if (const int error = write(std::span(zeroes).first(piece), offset))
        {
            return error;
        }
        offset += piece;
        length -= piece;
    }
    return 0;
}

int Descriptor::allocate(int mode, uint64_t offset, uint64_t length) const
{
    while (::fallocate(number, mode, static_cast<off_t>(offset),
                       static_cast<off_t>(length)) != 0)
    {
        if (errno != EINTR)
        {
            // ENODEV: neither a regular file nor a device that can.
            const bool cannot = errno == ENOSYS || errno == ENODEV;
            return cannot ? ENOTSUP : errno;
        }
    }
    return 0;
}

int Descriptor::extents(uint64_t size, uint64_t offset, uint64_t length,
                        size_t most, std::vector<Extent>& out) const
{
    ExtentList list(out, length, most);
    const uint64_t end = offset + length;
    for (bool more = true; more && offset < end;)
    {
        const off_t from = static_cast<off_t>(offset);
        const off_t data = ::lseek(number, from, SEEK_DATA);
        // ENXIO: a hole up to the end of file, or the file shrank and ends
        // before: what cannot be read must not be called zero.
        struct stat status = {};
        const bool holeToEnd = data < 0 && errno == ENXIO &&
                               ::fstat(number, &status) == 0 &&
                               static_cast<uint64_t>(status.st_size) >= size;
        const uint64_t dataAt = data >= 0 ? static_cast<uint64_t>(data)
                                          : (holeToEnd ? size : offset);
        if (dataAt > offset)
        {
            more = list.add({std::min(dataAt, end) - offset, true, true});
            offset = dataAt;
            continue;
        }
        const off_t hole = data >= 0 ? ::lseek(number, from, SEEK_HOLE) : -1;
        const uint64_t next = hole > from ? static_cast<uint64_t>(hole) : end;
        // "an implicit hole at the end of any file" (lseek(2)) is none.
        const uint64_t dataEnd = std::min(next, end);
        more = list.add({dataEnd - offset, false, false});
        offset = dataEnd;
    }
    return 0;
}

} // namespace vmedia::exports
