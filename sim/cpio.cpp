// SPDX-License-Identifier: Apache-2.0
#include "cpio.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>

namespace sim
{
namespace fs = std::filesystem;

namespace
{

void pad(std::string& archive)
{
    archive.append((4 - archive.size() % 4) % 4, '\0');
}

void append(std::string& archive, uint32_t inode, uint32_t mode,
            std::string_view name, std::string_view content)
{
    // magic ino mode uid gid nlink mtime filesize dev(2) rdev(2) namesize check
    archive += fmt::format(
        "070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}"
        "{:08X}{:08X}{:08X}",
        inode, mode, 0, 0, 1, 0, content.size(), 0, 0, 0, 0, name.size() + 1,
        0);
    archive += name;
    archive += '\0';
    pad(archive);
    archive += content;
    pad(archive);
}

} // namespace

void Cpio::put(std::string_view path, Entry entry)
{
    const size_t slash = path.rfind('/');
    if (slash != std::string_view::npos)
    {
        folder(path.substr(0, slash));
    }
    entries.insert_or_assign(std::string(path), std::move(entry));
}

void Cpio::folder(std::string_view path)
{
    if (!holds(path))
    {
        put(path, {S_IFDIR | 0755, {}});
    }
}

void Cpio::text(std::string_view path, std::string content,
                uint32_t permissions)
{
    put(path, {S_IFREG | permissions, std::move(content)});
}

void Cpio::link(std::string_view path, std::string target)
{
    put(path, {S_IFLNK | 0777, std::move(target)});
}

vmedia::Result<void> Cpio::file(std::string_view path, const fs::path& source,
                                uint32_t permissions)
{
    vmedia::Result<std::string> content = readFile(source);
    if (!content)
    {
        return tl::unexpected(content.error());
    }
    text(path, std::move(*content), permissions);
    return {};
}

bool Cpio::holds(std::string_view path) const
{
    return entries.find(path) != entries.end();
}

std::string Cpio::archive() const
{
    std::string out;
    uint32_t inode = 1; // equal inode numbers would be hard links
    for (const auto& [path, entry] : entries) // sorted: "usr" before "usr/bin"
    {
        append(out, inode++, entry.mode, path, entry.content);
    }
    append(out, 0, 0, "TRAILER!!!", {});
    return out;
}

vmedia::Result<std::string> readFile(const fs::path& path)
{
    std::error_code error;
    if (fs::is_directory(path, error))
    {
        return vmedia::failErrno(EISDIR, path.string());
    }
    std::ifstream in(path, std::ios::binary);
    const auto size = fs::file_size(path, error);
    if (!in || error)
    {
        return vmedia::failErrno(error ? error.value() : errno, path.string());
    }
    std::string content(size, '\0');
    in.read(content.data(), static_cast<std::streamsize>(size));
    content.resize(static_cast<size_t>(in.gcount()));
    return content;
}

} // namespace sim
