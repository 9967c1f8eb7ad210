// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "device_events.hpp"
#include "journal.hpp"
#include "slot.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace vmedia::service
{

/// The slot of @p point, with real programs, devices and files behind it:
/// nbdkit, mount.cifs, nbd-client, the kernel's nbd, configfs.
///
/// Before:   prepareRun() (recovery.hpp), whose journal @p journal is; and
///           DeviceEvents::listen().
/// Lifetime: all that it is given outlives it. The listener is called by the
///           executor's thread or from within a call of the slot's, and does
///           not call the slot.
/// Counts:   View::readIo, writeIo and remaining go on without changed().
/// Says:     on stderr, a line, when a medium has gone: why.
/// Ends:     shutdown() first: then nothing is left. Without it the programs
///           are killed, and what else there is stays in the journal.
std::unique_ptr<Slot> makeSlot(boost::asio::any_io_executor executor,
                               const Config& config, const MountPoint& point,
                               Journal& journal, DeviceEvents& events,
                               Slot::Listener& listener);

} // namespace vmedia::service
