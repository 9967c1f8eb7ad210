// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cache.hpp"
#include "images.hpp"
#include "machine.hpp"
#include "run.hpp"

#include <string>

namespace sim
{

/// How the machines run, and why: "TCG (KVM: a probe guest …)".
struct AccelChoice
{
    Accel accel;
    std::string why;
};

/// @p wanted: "auto", "kvm" or "tcg".
///
/// A /dev/kvm that opens is not a KVM that runs a guest: where KVM itself is
/// virtual, guests hang for ever. So a probe guest has to boot within 10 s;
/// the answer holds until this machine boots again.
///
/// Errors: "kvm" is wanted and does not work.
boost::asio::awaitable<vmedia::Result<AccelChoice>>
    chooseAccel(std::string wanted, Cache cache, Images images,
                std::shared_ptr<Run> run);

} // namespace sim
