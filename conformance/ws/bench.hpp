// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/profile_file.hpp"
#include "conformance/record.hpp"
#include "conformance/times.hpp"
#include "conformance/ws/case.hpp"
#include "conformance/ws/target.hpp"

#include <memory>
#include <optional>
#include <string>

namespace conformance::ws
{

/// One target: where it is, what it does, and whether it still lives.
///
/// Owner: what it starts, it ends.
class Bench
{
  public:
    /// @p told: what is known of it. With @p how it is started by us, and then
    /// the endpoint's address is that of the line.
    Bench(Profile told, std::optional<StartLine> how, Times with);

    /// Starts it or finds it, and looks at what it does. May be called again
    /// after stop().
    vmedia::Result<void> open(uint64_t seed);
    void stop();

    /// Whether what is started now, if we started it, has that seed's image.
    bool isOf(uint64_t seed) const
    {
        return !line || imageSeed == seed;
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
    vmedia::Result<void> start();
    std::string nextClient();
    void hideSecrets(Record& record) const;
    void blame(const Case& one, Record& record);

    Profile profile;
    std::optional<StartLine> line;
    Times times;
    uint64_t imageSeed = 0;
    std::unique_ptr<Spawned> spawned{};
    bool probed = false;
    std::string diedIn{};
};

} // namespace conformance::ws
