// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <boost/asio/io_context.hpp>

#include <string>

namespace vmedia::nbd
{

/// Written once the server listens. Owner: removes it when it goes.
class PidFile
{
  public:
    PidFile() = default;
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;
    ~PidFile();

    Result<void> write(const std::string& path);

  private:
    std::string file{};
};

/// Into the background, as nbdkit goes without -f. The parent waits for the
/// child's ready() and leaves with success, so a script may connect, and read
/// the pid file, at once; a child that ends before has said why on stderr, and
/// the parent leaves with its status.
class Background
{
  public:
    Background() = default;
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    ~Background();

    /// Returns in the child. Call it before there is a second thread.
    Result<void> enter(boost::asio::io_context& context);

    /// Lets the parent and the terminal go. Nothing to do where enter() was
    /// not called.
    void ready();

  private:
    int parent = -1;
};

} // namespace vmedia::nbd
