// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "credentials.hpp"
#include "image_url.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace vmedia::remote
{

/// How nbdkit is to serve an image.
///
/// Ready: the pid file is written "after nbdkit becomes ready to accept
///        connections" (nbdkit(1)). It may be the writing end of a pipe,
///        /proc/PID/fd/N: nbdkit closes what it inherits.
struct ServerOptions
{
    std::string program = "nbdkit";
    std::string socket;               ///< where it listens; does not exist yet
    std::string readyFile{};          ///< gets a line once it can be connected
    bool readOnly = true;
    std::string caFile{};             ///< PEM; empty: the system's authorities
    std::string headerFile{};         ///< of headerLines(); empty: nobody asks
    std::chrono::seconds timeout{30}; ///< for a request to the file server
    uint64_t cacheSize = uint64_t{32} << 20; ///< bytes, in TMPDIR
};

/// The command line of nbdkit for an https image: its curl plugin, behind what
/// tries again, keeps what was read, and reads ahead.
///
/// The certificate is verified, redirections are not followed (they could lead
/// anywhere, with the password), and no secret is on the line: the header comes
/// from a file.
///
/// Errors: usage, if @p options want to write: nbdkit writes by PUT with a
///         range, which a server may take for the whole file (RFC 9110, 14.5).
Result<std::vector<std::string>> httpsServer(const ImageUrl& url,
                                             const ServerOptions& options);

/// The command line of nbdkit for the file @p path, on a share that is mounted.
std::vector<std::string> fileServer(const std::string& path,
                                    const ServerOptions& options);

/// What ServerOptions::headerFile holds, a file that only we may read: Basic
/// (RFC 7617). Empty for nobody in particular.
/// Errors: usage; a user name with a colon cannot be told.
Result<tls::Secret> headerLines(const Credentials& credentials);

} // namespace vmedia::remote
