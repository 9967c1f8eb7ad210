// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

namespace vmedia::service
{

/// How long one thing may take to go before stronger means are used, and before
/// it is abandoned after the strongest.
inline constexpr std::chrono::seconds grace{5};

/// What to do now, in this order.
struct Action
{
    enum class What : uint8_t
    {
        propertiesChanged, ///< always the first: properties() has the new ones
        accept,            ///< Mount or Unmount returns true
        refuse,            ///< … or the D-Bus error of errno `number`
        complete,          ///< the signal Completion(`number`): 0 or an errno
        mountShare,        ///< and tell shareMounted or shareFailed
        cancelShare,       ///< kill mount.cifs, and tell one of them
        unmountShare,      ///< and tell shareUnmounted or shareUnmountFailed
        detachShare,       ///< the same with MNT_DETACH
        abandonShare,      ///< abandon…: see Mount
        startServer,       ///< and tell serverReady, serverFailed, serverExited
        terminateServer,   ///< SIGTERM
        killServer,        ///< SIGKILL
        abandonServer,
        startClient,       ///< and tell clientFailed or clientExited
        findClient,       ///< see sysfs' nbdN/pid; tell clientMoved, clientLost
        terminateClient,  ///< SIGTERM, to the process that moved if one did
        killClient,       ///< SIGKILL, likewise
        disconnectDevice, ///< NBD_DISCONNECT, then NBD_CLEAR_SOCK
        abandonClient,    ///< the process and the device
        makeGadget,       ///< and tell gadgetBound or gadgetFailed
        removeGadget,     ///< what there is of it; tell gadgetRemoved, …Failed
        abandonGadget,
        removeSecrets,    ///< the file; nothing is told
        armActivation,    ///< the mount point's Timeout; replaces what is armed
        armGrace,         ///< `grace`; likewise
        disarm,
    };
    What what;
    int number = 0;

    bool operator==(const Action&) const = default;
};

/// "startServer", "complete" …: for logs and tests.
std::string_view name(Action::What what);

} // namespace vmedia::service
