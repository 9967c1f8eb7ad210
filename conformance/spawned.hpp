// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/process_tree.hpp"
#include "conformance/target.hpp"
#include "fixtures/temp_dir.hpp"
#include "vmedia/process/child.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace conformance
{

/// How to start a target.
struct StartLine
{
    std::string line;
    std::string config{}; ///< the text of {config}, filled in as the line is
    std::map<std::string, std::string> values{}; ///< more placeholders
};

/// A target that we start, and that does not outlive us. One at a time: all
/// that became our child is taken for its.
///
/// Shape:   the line may hold {socket} (a path), {port} (a free TCP port),
///          {image} (a file of 1 MiB, its bytes drawn from the seed) and
///          {config} (a file). Each start gets a new directory and the same
///          image.
/// Owner:   the destructor ends the program, and what it left behind if it
///          made a daemon of itself (PR_SET_CHILD_SUBREAPER brings that to
///          us), then removes the directory.
/// Errors:  start() returns once the target takes a connection, or with what
///          it printed before it ended.
class Spawned
{
  public:
    static vmedia::Result<std::unique_ptr<Spawned>>
        start(const StartLine& how, uint64_t seed,
              std::chrono::milliseconds deadline);
    ~Spawned();
    Spawned(const Spawned&) = delete;
    Spawned& operator=(const Spawned&) = delete;

    const Address& address() const
    {
        return listens;
    }

    /// How it ended ("signal 11; it printed …"), if it does within @p grace.
    std::optional<std::string>
        ending(std::chrono::milliseconds grace = {}) const;

    /// Until none of its threads has anything to do, 200 ms at most: then it
    /// has seen all that came before, such as how a client left.
    void settle() const;

    /// SIGTERM to the program, or to the daemon that it made of itself.
    void terminate();
    /// Whether nothing of it is left within @p limit.
    bool gone(std::chrono::milliseconds limit) const;
    /// What it uses now, with all that it started.
    Usage usage() const;
    /// The first line of a sanitizer's report since the last call, or "".
    std::string sanitizerReport();

  private:
    Spawned() = default;
    vmedia::Result<void> run(const StartLine& how, uint64_t seed);
    vmedia::Result<void> waitUntilReady(std::chrono::milliseconds deadline);
    std::string lastLine() const;
    bool leftADaemon() const;

    // The order matters: the process stops before its directory goes.
    fixtures::TempDir directory;
    boost::asio::io_context context;
    std::optional<vmedia::process::Child> child;
    std::string program;
    Address listens;
    std::streamoff logRead = 0;
};

} // namespace conformance
