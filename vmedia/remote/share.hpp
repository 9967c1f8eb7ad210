// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "credentials.hpp"
#include "image_url.hpp"

#include <string>
#include <vector>

namespace vmedia::remote
{

/// How a share is to be mounted.
struct ShareOptions
{
    std::string program = "mount.cifs";
    std::string directory;         ///< where; exists, and is empty
    bool readOnly = true;
    std::string credentialsFile{}; ///< of credentialLines(); empty: a guest
};

/// The command line of mount.cifs for the share of an smb URL: version 3 or
/// later of the protocol, encrypted ("seal"), nothing on it runs or is a
/// device, and nothing of it is kept in this machine's page cache beside what
/// nbdkit's client keeps.
///
/// Nothing that a stranger chose becomes an option: share and host stand in the
/// source alone, user name and password in a file.
std::vector<std::string> shareMount(const ImageUrl& url,
                                    const ShareOptions& options);

/// What ShareOptions::credentialsFile holds, a file that only we may read. A
/// domain stands before the user name, "DOMAIN\user" or "DOMAIN/user". Empty
/// for nobody in particular.
tls::Secret credentialLines(const Credentials& credentials);

} // namespace vmedia::remote
