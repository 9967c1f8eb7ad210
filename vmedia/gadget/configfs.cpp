// SPDX-License-Identifier: Apache-2.0
#include "configfs.hpp"

#include "descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

namespace vmedia::gadget
{

namespace
{

constexpr size_t attributeMost = 4096; // SIMPLE_ATTR_SIZE, fs/configfs/file.c

Result<void> done(int status, const char* what, const std::string& path)
{
    if (status != 0)
    {
        return failErrno(errno, fmt::format("cannot {} {}", what, path));
    }
    return {};
}

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

/// Takes the number, or else the one character, in front of @p text.
std::string_view takePart(std::string_view& text)
{
    const auto end = std::ranges::find_if_not(text, isDigit);
    const auto digits = static_cast<size_t>(end - text.begin());
    const std::string_view part = text.substr(0, std::max<size_t>(digits, 1));
    text.remove_prefix(part.size());
    return part;
}

bool comesBefore(std::string_view a, std::string_view b)
{
    while (!a.empty() && !b.empty())
    {
        const std::string_view one = takePart(a);
        const std::string_view other = takePart(b);
        if (one == other)
        {
            continue;
        }
        const bool numbers = isDigit(one[0]) && isDigit(other[0]);
        return numbers && one.size() != other.size() ? one.size() < other.size()
                                                     : one < other;
    }
    return a.size() < b.size();
}

} // namespace

Result<void> makeDirectory(const std::string& path)
{
    return done(::mkdir(path.c_str(), 0755), "make", path);
}

Result<void> removeDirectory(const std::string& path)
{
    return done(::rmdir(path.c_str()), "remove", path);
}

Result<void> makeLink(const std::string& target, const std::string& path)
{
    return done(::symlink(target.c_str(), path.c_str()), "link", path);
}

Result<void> removeLink(const std::string& path)
{
    return done(::unlink(path.c_str()), "remove", path);
}

Result<void> writeAttribute(const std::string& path, std::string_view text)
{
    const auto failed = [&](int number) {
        return failErrno(number,
                         fmt::format("cannot write '{}' to {}", text, path));
    };
    const std::string line = fmt::format("{}\n", text);
    if (line.size() >= attributeMost)
    {
        return failed(EMSGSIZE);
    }
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file)
    {
        return failed(errno);
    }
    const ssize_t written = ::write(file.get(), line.data(), line.size());
    if (written < 0)
    {
        return failed(errno);
    }
    if (static_cast<size_t>(written) != line.size())
    {
        return failed(EIO);
    }
    return {};
}

Result<std::string> readAttribute(const std::string& path)
{
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, attributeMost> text{};
    const ssize_t got = file ? ::read(file.get(), text.data(), text.size())
                             : -1;
    if (got < 0)
    {
        return failErrno(errno, fmt::format("cannot read {}", path));
    }
    std::string_view line(text.data(), static_cast<size_t>(got));
    line = line.substr(0, line.find('\n'));
    return std::string(line);
}

Result<std::vector<std::string>> namesIn(const std::string& directory)
{
    std::error_code error;
    std::vector<std::string> names;
    std::filesystem::directory_iterator entry(directory, error);
    while (!error && entry != std::filesystem::directory_iterator{})
    {
        names.push_back(entry->path().filename());
        entry.increment(error);
    }
    if (error)
    {
        return failErrno(error.value(),
                         fmt::format("cannot list {}", directory));
    }
    std::ranges::sort(names, comesBefore);
    return names;
}

} // namespace vmedia::gadget
