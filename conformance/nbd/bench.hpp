// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/case.hpp"
#include "conformance/nbd/profile.hpp"
#include "conformance/nbd/target_profile.hpp"
#include "conformance/record.hpp"
#include "conformance/times.hpp"

#include <memory>
#include <optional>
#include <string>

namespace conformance::nbd
{

/// One target: where it is, what it has, and whether it still lives.
///
/// Owner: what it starts, it ends.
class Bench
{
  public:
    /// A target that is there already; @p told as lookAtTls() has it.
    Bench(Target there, Profile told, Times with);
    /// One that we start; @p keys may be null if the line has no use for them.
    Bench(TargetMode started, std::shared_ptr<const Keys> keys, Times with);

    /// Starts it, with an image drawn from @p seed, or finds it, and looks at
    /// what it has. May be called again after stop().
    vmedia::Result<void> open(uint64_t seed);
    void stop();
    /// Whether what is started now, if we started it, has that seed's image.
    bool isOf(uint64_t seed) const
    {
        return !mode || imageSeed == seed;
    }

    /// Runs @p one, and looks whether the target is still well after it.
    void run(const Case& one, uint64_t seed, Record& record);

    const Profile& found() const
    {
        return profile;
    }
    /// Why it cannot go on; "" while it can.
    const std::string& brokenBy() const
    {
        return diedIn;
    }

  private:
    vmedia::Result<void> beSane();
    vmedia::Error explained(vmedia::Error error) const;
    vmedia::Result<void> start();
    std::optional<std::string> ending() const;
    std::string nextClient();
    void blame(const Case& one, Record& record);
    void again(const Case& one);

    Times times;
    std::optional<TargetMode> mode;
    std::unique_ptr<Spawned> spawned;
    Address address;
    std::optional<std::string> exportName;
    Profile profile;
    bool probed = false;
    uint64_t imageSeed = 0;
    std::string diedIn;
};

} // namespace conformance::nbd
