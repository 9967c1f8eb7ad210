// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixtures/temp_dir.hpp"
#include "vmedia/process/child.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bench
{

/// A server's process, and a directory for what it needs.
///
/// Owner: stops the process (SIGTERM, then SIGKILL after 2 s), and then
///        removes the directory, in which `log` is what it printed.
class Launched
{
  public:
    Launched() = default;
    Launched(const Launched&) = delete;
    ~Launched();

    const std::filesystem::path& directory() const
    {
        return place.path();
    }

    /// Once. @p environment is added to ours.
    vmedia::Result<void> start(const std::vector<std::string>& argv,
                               const std::vector<std::string>& environment);

    /// Waits until @p answers does not fail, which is tried every 0.1 ms.
    /// Errors: the process ended, with its last words, unless it @p mayEnd; no
    /// @p answer within 10 s.
    vmedia::Result<void>
        awaitAnswer(const std::function<vmedia::Result<void>()>& answers,
                    std::string_view answer, bool mayEnd = false) const;

    int pid() const
    {
        return child->pid();
    }

    /// The last line that it printed.
    std::string lastWords() const;

  private:
    // The order matters: the process stops before its directory goes.
    fixtures::TempDir place;
    boost::asio::io_context context;
    std::optional<vmedia::process::Child> child;
};

} // namespace bench
