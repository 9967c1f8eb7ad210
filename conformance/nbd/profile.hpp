// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/needs.hpp"
#include "conformance/target.hpp"
#include "conformance/transport/keys.hpp"
#include "vmedia/nbd/wire.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace conformance::nbd
{

/// What the probe found out about a target before the first case.
struct Profile
{
    uint16_t handshakeFlags = 0;
    std::string exportName{};                         ///< the one to use
    std::optional<vmedia::nbd::InfoExport> described; ///< by NBD_OPT_INFO
    std::optional<std::vector<std::string>> listed;   ///< none: LIST refused
    bool selectsByName = true;   ///< an unknown name is refused
    bool requiresTls = false;
    bool insistsOnSizes = false; ///< NBD_REP_ERR_BLOCK_SIZE_REQD to the others

    // What we were told
    Needs offers = Needs::plain;
    TlsWish credentials{};              ///< that the target has to accept
    std::shared_ptr<const Keys> keys{}; ///< null: they are somebody else's
    std::string tlsOnlyExport{};        ///< with Needs::tlsOnlyExport
};

/// Asks a target what it has, after TLS where @p told says that it is
/// required. Fails if it does not talk newstyle NBD: then no case would say
/// anything.
vmedia::Result<Profile> probe(const Address& address, const Profile& told,
                              std::optional<std::string> exportName,
                              std::chrono::milliseconds deadline);

/// The same in one line, for the report's head.
std::string describe(const Profile& profile);

} // namespace conformance::nbd
