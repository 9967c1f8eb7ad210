// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "ledger.hpp"
#include "part.hpp"
#include "program.hpp"
#include "secret_file.hpp"
#include "vmedia/gadget/descriptor.hpp"
#include "vmedia/remote/image_url.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vmedia::service
{

/// nbdkit with one image, on the mount point's unix socket.
///
/// Ready:   nbdkit writes its pid file "after nbdkit becomes ready to accept
///          connections" (nbdkit(1)); its pid file is a pipe of ours, which it
///          opens through /proc. So nothing is asked again and again, and no
///          file has to be removed.
/// Leaves:  no socket, once its end was told.
/// On a share: the image's path is resolved once, without symbolic links,
///          which whoever runs the share could aim at our own files; nbdkit
///          gets what was found, through /proc, and no path.
class ServedImage : public Part
{
  public:
    struct Wanted
    {
        remote::ImageUrl url{};
        std::string directory{};      ///< the share's, for smb
        bool readOnly = true;
        CredentialPipe credentials{}; ///< for https; smb's are the share's
    };

    ServedImage(boost::asio::any_io_executor executor, Listener listener,
                const Config& config, const MountPoint& point, Ledger& ledger,
                SecretFile& secret);
    /// Tells serverReady, serverFailed, serverExited.
    void start(Wanted wanted);
    void signal(int number);

    /// What nbdkit said last: it knows why a client was not served.
    std::string lastLine() const;

  private:
    boost::asio::awaitable<void> run(Wanted wanted);
    boost::asio::awaitable<Result<std::vector<std::string>>>
        command(Wanted wanted, std::string readyFile);
    Result<void> clearWay() const;
    void onEnd(int status, const std::string& lastLine);
    void cleanUp();

    const Config& config;
    const MountPoint& point;
    Ledger& ledger;
    SecretFile& secret;
    std::unique_ptr<Program> program{};
    std::shared_ptr<gadget::Descriptor> image{}; ///< on a share
};

} // namespace vmedia::service
