// SPDX-License-Identifier: Apache-2.0
#include "journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace vmedia::service
{

namespace
{

constexpr size_t fileMax = 1 << 18; // 64 mount points with paths of 1 KiB

Result<void> writeAll(int descriptor, std::string_view text)
{
    while (!text.empty())
    {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR)
        {
            continue;
        }
        if (written < 0)
        {
            return failErrno(errno, "writing");
        }
        text.remove_prefix(static_cast<size_t>(written));
    }
    return {};
}

/// errno, or 0; at most one byte more than fileMax.
int readAll(const std::string& file, std::string& text)
{
    const int descriptor = ::open(file.c_str(),
                                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (descriptor < 0)
    {
        return errno;
    }
    text.resize(fileMax + 1);
    size_t size = 0;
    int error = 0;
    while (size < text.size())
    {
        const ssize_t got = ::read(descriptor, text.data() + size,
                                   text.size() - size);
        if (got < 0 && errno == EINTR)
        {
            continue;
        }
        if (got <= 0)
        {
            error = got < 0 ? errno : 0;
            break;
        }
        size += static_cast<size_t>(got);
    }
    ::close(descriptor);
    text.resize(size);
    return error;
}

} // namespace

Result<void> saveJournal(const std::string& file, const Journal& journal)
{
    const std::string where = fmt::format("journal {}", file);
    if (journal.all.empty())
    {
        if (::unlink(file.c_str()) < 0 && errno != ENOENT)
        {
            return failErrno(errno, where);
        }
        return {};
    }
    const std::string next = file + ".new";
    ::unlink(next.c_str()); // of one that died while it wrote
    const int descriptor =
        ::open(next.c_str(),
               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
    {
        return failErrno(errno, fmt::format("journal {}", next));
    }
    Result<void> done = writeAll(descriptor, toJson(journal) + "\n");
    if (::close(descriptor) < 0 && done)
    {
        done = failErrno(errno, "closing");
    }
    if (done && ::rename(next.c_str(), file.c_str()) < 0)
    {
        done = failErrno(errno, "renaming");
    }
    if (!done)
    {
        ::unlink(next.c_str());
        return during(fmt::format("journal {}", next), done.error());
    }
    return {};
}

LoadedJournal loadJournal(const std::string& file)
{
    LoadedJournal loaded;
    std::string text;
    const int error = readAll(file, text);
    if (error == ENOENT)
    {
        return loaded;
    }
    if (error != 0)
    {
        loaded.trouble = failErrno(error, fmt::format("journal {}", file),
                                   "what an earlier vmediad left may be there "
                                   "still")
                             .value();
        return loaded;
    }
    Result<Journal> parsed =
        text.size() > fileMax
            ? fail(Errc::usage,
                   fmt::format("{}: has more than {} bytes", file, fileMax))
            : parseJournal(text, file);
    if (parsed)
    {
        loaded.journal = std::move(*parsed);
        return loaded;
    }
    const std::string aside = file + ".corrupt";
    const bool kept = ::rename(file.c_str(), aside.c_str()) == 0;
    parsed.error().hint =
        fmt::format("{}; what an earlier vmediad left may be there still",
                    kept ? fmt::format("it is kept as {}", aside)
                         : fmt::format("it could not be renamed to {}", aside));
    loaded.trouble = std::move(parsed.error());
    return loaded;
}

} // namespace vmedia::service
