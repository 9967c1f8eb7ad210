// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/profile_file.hpp"
#include "conformance/transport/keys.hpp"
#include "conformance/ws/target.hpp"

#include <memory>
#include <string>

namespace conformance::ws
{

/// The credentials of one run, made anew for it: {pki} (see Keys) and
/// {users}, a file of one user for vmedia-httpd, of mode 0600.
///
/// Owner: the files go with it.
class Logins
{
  public:
    static vmedia::Result<std::shared_ptr<const Logins>> make(uint64_t seed);

    /// Gives @p line what it asks for, and @p endpoint what gets in there.
    void apply(StartLine& line, Endpoint& endpoint) const;
    /// Whether it asks for anything of this.
    static bool wantedBy(const StartLine& line);

  private:
    Logins(std::shared_ptr<const Keys> with, std::string secret);

    std::shared_ptr<const Keys> keys;
    std::string password;
    fixtures::TempDir directory;
};

} // namespace conformance::ws
