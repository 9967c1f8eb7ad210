// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"
#include "vmedia/nbd/pack.hpp"
#include "vmedia/process/child.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace conformance::ws
{

/// The program behind a session: its stdin and stdout are one socket, which
/// never blocks us.
///
/// Owner: the destructor closes the socket, and kills the program.
class Backend
{
  public:
    static vmedia::Result<std::unique_ptr<Backend>>
        start(const std::vector<std::string>& argv);
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;
    ~Backend();

    int descriptor() const
    {
        return socket;
    }
    /// Appends what has come, at most 64 KiB; false: no more will.
    bool read(vmedia::nbd::Bytes& to);
    /// Takes off its front what could be written; false: nobody takes it.
    bool write(vmedia::nbd::Bytes& from);
    void endInput() const;
    /// Its exit status, if it ends in time.
    std::optional<vmedia::process::ExitStatus>
        wait(std::chrono::milliseconds time);

  private:
    explicit Backend(int descriptor) : socket(descriptor) {}

    int socket;
    boost::asio::io_context io{1};
    std::optional<vmedia::process::Child> child{};
};

} // namespace conformance::ws
