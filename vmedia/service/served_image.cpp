// SPDX-License-Identifier: Apache-2.0
#include "served_image.hpp"

#include "vmedia/process/background.hpp"
#include "vmedia/remote/image_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <functional>
#include <system_error>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;
using What = Event::What;

namespace
{

using Opened = std::shared_ptr<gadget::Descriptor>;

/// Another process of ours may open it again by this path.
std::string pathOf(int descriptor)
{
    return fmt::format("/proc/{}/fd/{}", ::getpid(), descriptor);
}

/// A regular file, without reading or writing. Blocks: as long as the share's
/// server lets it.
Result<Opened> findImage(const std::string& directory, const std::string& path)
{
    const gadget::Descriptor top(
        ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    const auto image = std::make_shared<gadget::Descriptor>(
        top ? static_cast<int>(::syscall(SYS_openat2, top.get(), path.c_str(),
                                         &how, sizeof(how)))
            : -1);
    struct stat status{};
    if (!*image || ::fstat(image->get(), &status) < 0)
    {
        return failErrno(errno, fmt::format("{} on the share", path));
    }
    if (!S_ISREG(status.st_mode))
    {
        return failNumbered(
            S_ISDIR(status.st_mode) ? EISDIR : EINVAL,
            fmt::format("{} on the share is no regular file", path));
    }
    return image;
}

} // namespace

ServedImage::ServedImage(asio::any_io_executor e, Listener l, const Config& c,
                         const MountPoint& p, Ledger& j, SecretFile& s) :
    Part(std::move(e), std::move(l)), config(c), point(p), ledger(j), secret(s)
{}

void ServedImage::start(Wanted wanted)
{
    begin(run(std::move(wanted)), What::serverFailed);
}

void ServedImage::signal(int number)
{
    if (program)
    {
        return program->signal(number);
    }
    cancel();
    cleanUp();
    tell({.what = What::serverFailed, .number = ECANCELED});
}

std::string ServedImage::lastLine() const
{
    return program ? program->lastLine() : std::string();
}

asio::awaitable<void> ServedImage::run(Wanted wanted)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
    {
        throw std::system_error(errno, std::generic_category(), "a pipe");
    }
    asio::posix::stream_descriptor ready(executor, ends[0]);
    gadget::Descriptor readyEnd(ends[1]);
    auto argv = co_await command(std::move(wanted), pathOf(readyEnd.get()));
    co_await checkpoint();
    Result<void> way = argv ? clearWay() : tl::unexpected(argv.error());
    if (!way)
    {
        cleanUp();
        tell(What::serverFailed, way.error());
        co_return;
    }
    ledger.write([this](Belongings& mine) { mine.socket = point.unixSocket; });
    auto started = Program::start(
        executor,
        {.argv = std::move(*argv), .temporary = config.roots.runDirectory},
        [weak = weak_from_this()](int status, const std::string& last) {
        if (const auto self = weak.lock())
        {
            static_cast<ServedImage&>(*self).onEnd(status, last);
        }
    });
    if (!started)
    {
        cleanUp();
        tell(What::serverFailed, started.error());
        co_return;
    }
    program = std::move(*started);
    ledger.write(
        [this](Belongings& mine) { mine.server = identify(program->pid()); });
    // Read, and not waited for: see runInBackground().
    std::array<char, 32> pid{};
    co_await ready.async_read_some(asio::buffer(pid), asio::use_awaitable);
    tell({.what = What::serverReady});
}

asio::awaitable<Result<std::vector<std::string>>>
    ServedImage::command(Wanted wanted, std::string readyFile)
{
    remote::ServerOptions options{.program = config.programs.nbdkit,
                                  .socket = point.unixSocket,
                                  .readyFile = std::move(readyFile),
                                  .readOnly = wanted.readOnly,
                                  .caFile = config.caFile,
                                  .timeout = point.timeout};
    if (wanted.url.scheme == remote::Scheme::smb)
    {
        std::function<Result<Opened>()> work = [directory = wanted.directory,
                                                path = wanted.url.path] {
            return findImage(directory, path);
        };
        auto found = co_await process::inBackground(std::move(work));
        if (!found)
        {
            co_return tl::unexpected(found.error());
        }
        image = std::move(*found);
        co_return remote::fileServer(pathOf(image->get()), options);
    }
    auto asking = co_await readPipe(executor, std::move(wanted.credentials));
    co_await checkpoint();
    if (!asking)
    {
        co_return tl::unexpected(asking.error());
    }
    const Result<tls::Secret> lines = remote::headerLines(*asking);
    if (!lines)
    {
        co_return tl::unexpected(lines.error());
    }
    if (!lines->text().empty())
    {
        if (const Result<void> kept = secret.write(*lines); !kept)
        {
            co_return tl::unexpected(kept.error());
        }
        options.headerFile = secret.path();
    }
    co_return remote::httpsServer(wanted.url, options);
}

/// A socket that a dead nbdkit left is in the way; anything else is not ours.
Result<void> ServedImage::clearWay() const
{
    struct stat status{};
    if (::lstat(point.unixSocket.c_str(), &status) < 0)
    {
        return {};
    }
    if (!S_ISSOCK(status.st_mode))
    {
        return failErrno(EEXIST,
                         fmt::format("{} is no socket", point.unixSocket),
                         "remove it, or choose another UnixSocket");
    }
    if (::unlink(point.unixSocket.c_str()) < 0)
    {
        return failErrno(errno, point.unixSocket);
    }
    return {};
}

void ServedImage::onEnd(int status, const std::string& lastLine)
{
    cancel();
    cleanUp();
    tell({.what = What::serverExited, .number = status, .text = lastLine});
}

void ServedImage::cleanUp()
{
    image.reset();
    if (ledger.belongings().socket.empty() || isForgotten())
    {
        return;
    }
    ::unlink(point.unixSocket.c_str());
    ledger.write([](Belongings& mine) {
        mine.socket.clear();
        mine.server.reset();
    });
}

} // namespace vmedia::service
