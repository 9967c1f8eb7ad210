// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace vmedia::service
{

/// Where a medium comes from, and so what is started for it.
enum class Source : uint8_t
{
    webServer, ///< proxy mode: a server listens on the unix socket already
    https,     ///< nbdkit's curl plugin, then nbd-client
    smb,       ///< mount.cifs, nbdkit's file plugin, nbd-client
};

/// What Mount() asks for. Secrets stay with who starts the programs.
struct Request
{
    Source source = Source::webServer;
    std::string imageUrl{};
    bool readOnly = true;    ///< by Mount, or by the mount point's Readonly
    bool hasSecrets = false; ///< a file with user and password is needed
};

/// What happened, to one mount point.
struct Event
{
    enum class What : uint8_t
    {
        // From D-Bus. Each is answered: see Action::accept and refuse.
        mount, ///< `request`
        unmount,
        // From what actions asked for. `number` is an errno where it failed.
        shareMounted,
        shareFailed,        ///< not mounted, and nothing of it is left
        shareUnmounted,
        shareUnmountFailed, ///< still mounted
        serverReady,        ///< nbdkit listens on its socket
        serverFailed,       ///< could not be started: ENOENT …
        serverExited,       ///< `number`: its status; `text`: its last line
        clientFailed,       ///< could not be started
        clientExited,       ///< the child did: `number`, `text` as above
        clientMoved,        ///< another process serves the device now
        clientLost,         ///< that process is gone, or none was found
        gadgetBound,
        gadgetFailed,       ///< ENODEV: no UDC is free …
        gadgetRemoved,
        gadgetRemoveFailed,
        // From the kernel and the host.
        deviceSize,  ///< a "change" uevent; `size` in bytes, 0 for empty
        hostEjected, ///< the gadget's lun.0/file is empty
                     // From clocks and signals.
        inactive,    ///< no access by the host for InactivityTimeout
        timeout,     ///< what was armed last has passed, and was not disarmed
        shutdown,    ///< vmediad is to end
    };
    What what;
    int number = 0;
    uint64_t size = 0;
    std::string text{};
    Request request{};
};

/// "unmount", "shareMounted" …: for logs and tests.
std::string_view name(Event::What what);

} // namespace vmedia::service
