// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "mount.hpp"

#include <cstdint>
#include <string>

namespace vmedia::service
{

/// What Mount() of Legacy mode says; nothing of it for Proxy mode.
struct Wish
{
    std::string imageUrl{};
    bool readOnly = true;
    int credentials = -1; ///< a pipe to read user and password from: owned
};

/// A mount point as D-Bus sees it. Mount decides, and who implements this does
/// what was decided.
///
/// Threads: one, that of the executor which calls the listener, too.
class Slot
{
  public:
    class Listener
    {
      public:
        virtual ~Listener() = default;
        /// view() is another: PropertiesChanged.
        virtual void changed(Slot& slot) = 0;
        /// The signal Completion(@p error): 0 or an errno.
        virtual void completed(Slot& slot, int error) = 0;
    };

    struct View
    {
        Mount::Properties mount{};
        uint64_t readIo = 0;    ///< reads of the host since the mount
        uint64_t writeIo = 0;
        uint16_t remaining = 0; ///< seconds until it is inactive; 0 in Ready

        bool operator==(const View&) const = default;
    };

    virtual ~Slot() = default;

    virtual const MountPoint& mountPoint() const = 0;
    virtual View view() const = 0;

    /// Both give 0 at once if completed() will come, or why it will not: the
    /// errno of Action::refuse. Wish::credentials is closed in any case. Its
    /// completed() comes after the return, for the answer goes first.
    virtual int mount(Wish wish) = 0;
    virtual int unmount() = 0;

    /// Event::shutdown. It has ended once view() is in State::ready, which
    /// changed() tells.
    virtual void shutdown() = 0;
};

} // namespace vmedia::service
