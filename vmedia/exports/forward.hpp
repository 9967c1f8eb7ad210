// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

#include <chrono>
#include <functional>

namespace vmedia::exports
{

/// Gets a line about something that an operator should know and no client can
/// be told. Comes from any thread, and must not call back.
using Notice = std::function<void(const std::string& line)>;

struct ForwardOptions
{
    /// As nbd_connect_uri(3) has them: nbd://, nbd+unix://, and with TLS
    /// nbds://USER@HOST/?tls-psk-file=FILE or …?tls-certificates=DIR.
    std::string uri;
    /// That a request may take in all, connecting included; then it is EIO.
    std::chrono::seconds timeout{30};
    Notice notice{};
};

/// An export of another NBD server, of either style, by libnbd.
///
/// Shape:  requests in flight when the server goes give EIO; the next one
///         connects again, once. What comes back must have the size and the
///         abilities that it had, or requests give EIO until it has. Writes
///         that it had not flushed make the next flush give EIO, as fsync(2)
///         would; each change is one line to the notice.
/// Errors: no connection, one line with the URI and libnbd's reason.
Result<ExportPointer> openForward(ForwardOptions options, Access access);

} // namespace vmedia::exports
