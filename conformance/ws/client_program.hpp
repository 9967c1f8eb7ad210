// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixtures/temp_dir.hpp"
#include "vmedia/process/child.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace conformance::ws
{

/// A client that we started. What it prints is kept for its last line.
///
/// Owner: the destructor ends it: SIGTERM, and SIGKILL if that is in vain.
class ClientProgram
{
  public:
    struct End
    {
        bool bySignal = false;
        int number = 0;      ///< the status, or the signal
        std::string words{}; ///< "status 1; it printed 'no such host'"
    };

    /// @p talks: with a pipe to its standard input, and one from its output.
    static vmedia::Result<std::unique_ptr<ClientProgram>>
        start(const std::vector<std::string>& words, bool talks);
    ~ClientProgram();
    ClientProgram(const ClientProgram&) = delete;
    ClientProgram& operator=(const ClientProgram&) = delete;

    /// None while it runs.
    std::optional<End> end() const;
    /// Readable once it has ended.
    int watch() const
    {
        return handle;
    }
    int input() const
    {
        return toIt;
    }
    int output() const
    {
        return fromIt;
    }
    /// The first line of a sanitizer's report, or "".
    std::string sanitizerReport() const;

  private:
    ClientProgram() = default;
    std::string lastLine() const;

    // The order matters: the process stops before its directory goes.
    fixtures::TempDir directory;
    boost::asio::io_context context;
    std::optional<vmedia::process::Child> child;
    int handle = -1;
    int toIt = -1;
    int fromIt = -1;
};

} // namespace conformance::ws
