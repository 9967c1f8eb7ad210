// SPDX-License-Identifier: Apache-2.0
#include "secret.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace vmedia::tls
{

Secret::Secret(size_t size) :
    memory(std::make_unique<unsigned char[]>(size)), allocated(size), used(size)
{}

Secret Secret::of(std::initializer_list<std::string_view> parts)
{
    size_t size = 0;
    for (const std::string_view part : parts)
    {
        size += part.size();
    }
    Secret made(size);
    unsigned char* to = made.memory.get();
    for (const std::string_view part : parts)
    {
        to = std::ranges::copy(part, to).out;
    }
    return made;
}

Secret::~Secret()
{
    if (memory)
    {
        ::OPENSSL_cleanse(memory.get(), allocated);
    }
}

Secret::Secret(Secret&& other) noexcept :
    memory(std::move(other.memory)),
    allocated(std::exchange(other.allocated, 0)),
    used(std::exchange(other.used, 0))
{}

Secret& Secret::operator=(Secret&& other) noexcept
{
    Secret taken(std::move(other)); // wipes what we held, at its end
    std::swap(memory, taken.memory);
    std::swap(allocated, taken.allocated);
    std::swap(used, taken.used);
    return *this;
}

Secret Secret::copy() const
{
    Secret made(used);
    std::ranges::copy(bytes(), made.memory.get());
    return made;
}

void Secret::shrink(size_t size)
{
    used = std::min(used, size);
}

std::span<unsigned char> Secret::bytes()
{
    return {memory.get(), used};
}

std::span<const unsigned char> Secret::bytes() const
{
    return {memory.get(), used};
}

std::string_view Secret::text() const
{
    return {reinterpret_cast<const char*>(memory.get()), used};
}

namespace
{

constexpr size_t sizeMax = size_t{1} << 20;

struct Descriptor
{
    int fd;
    explicit Descriptor(int opened) : fd(opened) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor()
    {
        ::close(fd);
    }
};

} // namespace

Result<Secret> readSecretFile(const std::filesystem::path& file)
{
    // O_NONBLOCK: a FIFO in the place of the file must not hang the start.
    const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0)
    {
        return failErrno(errno, file.string());
    }
    const Descriptor descriptor(opened);
    struct stat facts{};
    if (::fstat(descriptor.fd, &facts) < 0)
    {
        return failErrno(errno, file.string());
    }
    if (!S_ISREG(facts.st_mode))
    {
        return fail(Errc::usage,
                    fmt::format("{} is not a regular file", file.string()));
    }
    if ((facts.st_mode & 077U) != 0)
    {
        return fail(Errc::usage,
                    fmt::format("{} has mode {:04o}: others than its owner "
                                "may use the keys in it",
                                file.string(), facts.st_mode & 07777U),
                    fmt::format("chmod 600 {}", file.string()));
    }
    if (static_cast<uint64_t>(facts.st_size) > sizeMax)
    {
        return fail(Errc::usage,
                    fmt::format("{} has {} bytes, over {}", file.string(),
                                facts.st_size, sizeMax));
    }
    Secret content(static_cast<size_t>(facts.st_size));
    size_t filled = 0;
    while (filled < content.bytes().size())
    {
        const auto room = content.bytes().subspan(filled);
        const ssize_t got = ::read(descriptor.fd, room.data(), room.size());
        if (got < 0 && errno == EINTR)
        {
            continue;
        }
        if (got < 0)
        {
            return failErrno(errno, file.string());
        }
        if (got == 0)
        {
            break;
        }
        filled += static_cast<size_t>(got);
    }
    content.shrink(filled);
    return content;
}

} // namespace vmedia::tls
