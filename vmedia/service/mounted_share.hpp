// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "ledger.hpp"
#include "part.hpp"
#include "program.hpp"
#include "secret_file.hpp"
#include "vmedia/remote/image_url.hpp"

#include <memory>
#include <string>

namespace vmedia::service
{

/// A share, mounted below the run directory for one mount point.
///
/// Leaves:  no mount and no directory, once shareFailed or shareUnmounted was
///          told.
/// Blocks:  nothing here; what umount2(2) waits for, a thread waits for.
class MountedShare : public Part
{
  public:
    MountedShare(boost::asio::any_io_executor executor, Listener listener,
                 const Config& config, const MountPoint& point, Ledger& ledger,
                 SecretFile& secret);

    /// RunDirectory/NAME.share
    const std::string& directory() const
    {
        return place;
    }

    /// Tells shareMounted or shareFailed.
    void mount(remote::ImageUrl url, bool readOnly, CredentialPipe credentials);
    /// Makes mount() end.
    void stop();
    /// Tells shareUnmounted or shareUnmountFailed. @p detach: at once, whoever
    /// uses it (MNT_DETACH).
    void unmount(bool detach);

  private:
    boost::asio::awaitable<void> prepare(remote::ImageUrl url, bool readOnly,
                                         CredentialPipe credentials);
    boost::asio::awaitable<void> takeAway(int flags, Event gone);
    void onEnd(int status, const std::string& lastLine);
    void giveUp(Event failed);

    const Config& config;
    Ledger& ledger;
    SecretFile& secret;
    const std::string place;
    std::unique_ptr<Program> program{};
};

/// The number in "mount error(13): Permission denied", which mount.cifs says;
/// 0 if @p line is another.
int mountErrorOf(const std::string& line);

/// umount2(2) of @p directory, and the directory's removal; what is not there
/// is as good as gone. Gives errno. Blocks without MNT_DETACH.
int unmountAndRemove(const std::string& directory, int flags);

} // namespace vmedia::service
