// SPDX-License-Identifier: Apache-2.0
#include "mounted_share.hpp"

#include "vmedia/process/background.hpp"
#include "vmedia/remote/share.hpp"

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <functional>
#include <string_view>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;
using What = Event::What;

int mountErrorOf(const std::string& line)
{
    static constexpr std::string_view words = "mount error(";
    if (!line.starts_with(words))
    {
        return 0;
    }
    int number = 0;
    const char* const digits = line.data() + words.size();
    std::from_chars(digits, line.data() + line.size(), number);
    return number > 0 && number < 4096 ? number : 0;
}

int unmountAndRemove(const std::string& directory, int flags)
{
    // EINVAL: nothing is mounted there.
    if (::umount2(directory.c_str(), flags | UMOUNT_NOFOLLOW) < 0 &&
        errno != EINVAL && errno != ENOENT)
    {
        // Without CAP_SYS_ADMIN nothing was mounted either: rmdir() tells.
        if (errno != EPERM)
        {
            return errno;
        }
    }
    if (::rmdir(directory.c_str()) < 0 && errno != ENOENT)
    {
        return errno;
    }
    return 0;
}

MountedShare::MountedShare(asio::any_io_executor e, Listener l, const Config& c,
                           const MountPoint& point, Ledger& j, SecretFile& s) :
    Part(std::move(e), std::move(l)), config(c), ledger(j), secret(s),
    place(fmt::format("{}/{}.share", c.roots.runDirectory, point.name))
{}

void MountedShare::mount(remote::ImageUrl url, bool readOnly,
                         CredentialPipe credentials)
{
    begin(prepare(std::move(url), readOnly, std::move(credentials)),
          What::shareFailed);
}

asio::awaitable<void> MountedShare::prepare(remote::ImageUrl url, bool readOnly,
                                            CredentialPipe credentials)
{
    auto asking = co_await readPipe(executor, std::move(credentials));
    co_await checkpoint();
    if (!asking)
    {
        tell(What::shareFailed, asking.error());
        co_return;
    }
    const tls::Secret lines = remote::credentialLines(*asking);
    if (!lines.text().empty())
    {
        if (const Result<void> kept = secret.write(lines); !kept)
        {
            tell(What::shareFailed, kept.error());
            co_return;
        }
    }
    ledger.write([this](Belongings& mine) { mine.share = place; });
    ::rmdir(place.c_str()); // of one that died; it stays if it is in use
    if (::mkdir(place.c_str(), 0700) < 0)
    {
        const Result<void> refused = failErrno(errno, place);
        tell(What::shareFailed, refused.error());
        co_return;
    }
    auto started = Program::start(
        executor,
        {.argv = remote::shareMount(url, {.program = config.programs.mountCifs,
                                          .directory = place,
                                          .readOnly = readOnly,
                                          .credentialsFile = secret.path()}),
         .idleWords = "Refer to the mount.cifs(8) manual page"},
        [weak = weak_from_this()](int status, const std::string& last) {
        if (const auto self = weak.lock())
        {
            static_cast<MountedShare&>(*self).onEnd(status, last);
        }
    });
    if (!started)
    {
        Event failed{.what = What::shareFailed,
                     .number = errnoOf(started.error()),
                     .text = describe(started.error())};
        co_await takeAway(MNT_DETACH, std::move(failed));
        co_return;
    }
    program = std::move(*started);
}

void MountedShare::onEnd(int status, const std::string& lastLine)
{
    program.reset();
    if (status == 0)
    {
        return tell({.what = What::shareMounted});
    }
    const int known = mountErrorOf(lastLine);
    giveUp({.what = What::shareFailed,
            .number = known != 0 ? known : ECONNREFUSED,
            .text = lastLine});
}

/// mount.cifs may have mounted before it was killed.
void MountedShare::giveUp(Event failed)
{
    begin(takeAway(MNT_DETACH, std::move(failed)), What::shareFailed);
}

void MountedShare::stop()
{
    if (program)
    {
        return program->signal(SIGKILL);
    }
    giveUp({.what = What::shareFailed, .number = ECANCELED});
}

void MountedShare::unmount(bool detach)
{
    begin(takeAway(detach ? MNT_DETACH : 0, {.what = What::shareUnmounted}),
          What::shareUnmountFailed);
}

asio::awaitable<void> MountedShare::takeAway(int flags, Event gone)
{
    std::function<int()> work = [directory = place, flags] {
        return unmountAndRemove(directory, flags);
    };
    const int error = co_await process::inBackground(std::move(work));
    co_await checkpoint();
    if (error == 0 && !isForgotten())
    {
        ledger.write([](Belongings& mine) { mine.share.clear(); });
    }
    else if (error != 0 && gone.what == What::shareUnmounted)
    {
        gone = {.what = What::shareUnmountFailed, .number = error};
    }
    tell(std::move(gone));
}

} // namespace vmedia::service
