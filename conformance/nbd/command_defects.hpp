// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/deviation.hpp"

#include <functional>

namespace conformance::nbd
{

/// Which requests a defect is about.
using Matches = std::function<bool(const vmedia::nbd::Command& request)>;

Matches is(vmedia::nbd::Cmd type);
Matches isWith(vmedia::nbd::Cmd type, uint16_t flag);
Matches isOf(vmedia::nbd::Cmd type, uint64_t length);

/// They are answered with @p error, and nothing is done. With
/// ErrorValue::none the server says that it did it.
vmedia::nbd::Deviation answers(Matches matches, vmedia::nbd::ErrorValue error);

/// Those that the rules refuse are answered with another error.
vmedia::nbd::Deviation refusesWith(Matches matches,
                                   vmedia::nbd::ErrorValue error);

/// Those that the rules refuse are done.
vmedia::nbd::Deviation carriesOut(Matches matches,
                                  vmedia::nbd::Plan::Action action);

/// The connection is dropped.
vmedia::nbd::Deviation hangsUpOn(Matches matches);

/// The request is another one than the client sent.
vmedia::nbd::Deviation
    mistakes(Matches matches,
             std::function<void(vmedia::nbd::Command& request)> change);

/// The bytes of the reply are changed.
vmedia::nbd::Deviation
    changesReply(Matches matches,
                 std::function<void(const vmedia::nbd::Command& request,
                                    vmedia::nbd::Bytes& bytes)>
                     change);

/// NBD_CMD_BLOCK_STATUS is answered with that many extents of a byte each.
vmedia::nbd::Deviation tellsExtents(uint32_t count);

/// 32 bits at @p at, big-endian.
void put(vmedia::nbd::Bytes& bytes, size_t at, uint32_t value);
uint32_t get(vmedia::nbd::ByteView bytes, size_t at);

} // namespace conformance::nbd
