// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "conformance/times.hpp"
#include "conformance/ws/case.hpp"
#include "conformance/ws/gate.hpp"
#include "conformance/ws/target.hpp"
#include "fixtures/temp_dir.hpp"

#include <memory>
#include <string>

namespace conformance::ws
{

/// One way to have the client under test: the gate that it dials, and the
/// files that it is given.
///
/// Owner: what it starts, it ends.
class ClientBench
{
  public:
    /// @p line starts the client, see callerOf(); "": somebody else does. It
    /// may hold {image} (a file of 1 MiB), {password} (a file with that in its
    /// first line) and, with Needs::tls, {ca}.
    ClientBench(Profile told, std::string line, Times with);

    /// Waits for the client, and looks at what it does. May be called again
    /// after stop().
    vmedia::Result<void> open(uint64_t seed);
    void stop();
    /// Whether its image is that of @p seed.
    bool isOf(uint64_t seed) const
    {
        return imageSeed == seed;
    }

    void run(const Case& one, uint64_t seed, Record& record);

    const Profile& found() const
    {
        return profile;
    }
    /// The same in a line.
    const std::string& described() const
    {
        return said;
    }

  private:
    vmedia::Result<std::unique_ptr<Caller>> caller(const std::string& ca);
    void writeImage() const;

    Profile profile;
    std::string line;
    Times times;
    uint64_t imageSeed = 0;
    // The order matters: the client ends before its files go.
    fixtures::TempDir directory;
    std::unique_ptr<Gate> gate{};
    std::string said{}; ///< "": it was not looked at yet
};

} // namespace conformance::ws
