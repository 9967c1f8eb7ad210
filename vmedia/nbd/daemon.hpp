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

/// Into the background, as nbdkit goes without -f: the parent leaves with
/// success once the server listens, so a script may connect at once. Call it
/// before there is a second thread.
Result<void> daemonise(boost::asio::io_context& context);

} // namespace vmedia::nbd
