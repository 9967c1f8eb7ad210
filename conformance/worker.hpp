// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/suite.hpp"

#include <sys/types.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conformance
{

/// A process that tries cases: a fork() of this one, with a copy of the suite,
/// that takes orders and gives back a line of JSON for each.
///
/// A process and not a thread, for what a target leaves behind comes to the
/// process that started it, and is known by that.
///
/// Owner:   the destructor lets it finish what it does, and waits for it. It
///          does so by itself if we end in any other way.
/// Threads: there must be none yet.
class Worker
{
  public:
    /// @p others are the descriptors of those that run already.
    ///
    /// Errors: Errc::io
    static vmedia::Result<std::unique_ptr<Worker>>
        start(Suite& suite, const std::vector<Row>& rows,
              std::span<const int> others);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Orders. One at a time; the answer to each is a line.
    void askToOpen(uint64_t seed);
    void askToRun(size_t row, uint64_t seed);

    /// It ends in the midst of what it does; what it started becomes our
    /// child.
    void abandon() const;

    /// Readable when receive() may have something to give.
    int descriptor() const
    {
        return line;
    }
    /// The answer, once all of it is there.
    ///
    /// Errors: Errc::child: it has ended; the text says how.
    vmedia::Result<std::optional<std::string>> receive();

  private:
    Worker(pid_t process, int descriptor);
    void send(std::string_view order) const;
    std::string end();

    pid_t pid;
    int line;
    std::string received;
};

// What the answers are.
vmedia::Result<std::string> parseOpened(std::string_view answer);
vmedia::Result<Record> parseResult(std::string_view answer, const Row& row);

} // namespace conformance
