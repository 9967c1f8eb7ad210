// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "conformance/ws/case.hpp"
#include "conformance/ws/gate.hpp"
#include "conformance/ws/target.hpp"
#include "fixtures/temp_dir.hpp"

#include <chrono>
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
    struct Times
    {
        std::chrono::milliseconds answer; ///< how long a case waits
        std::chrono::milliseconds start;
    };

    /// @p line starts the client, see callerOf(); "": somebody else does. It
    /// may hold {image} (a file of 1 MiB), {password} (a file with that in its
    /// first line) and, with Needs::tls, {ca}.
    ClientBench(Profile told, std::string line, Times with);

    /// Waits for the client, and looks at what it does: a line of that.
    vmedia::Result<std::string> open(uint64_t seed);

    void run(const Case& one, uint64_t seed, Record& record);

    const Profile& found() const
    {
        return profile;
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
    std::string said{};
};

} // namespace conformance::ws
