// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "lab.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <ostream>
#include <string>

namespace sim
{

struct BootOptions
{
    LabOptions lab{};
    std::filesystem::path image{}; ///< empty: one of our own making
    std::string expect{};          ///< text that proves its user space
    std::filesystem::path json{};  ///< empty: no report
    size_t columns = 100;          ///< of the terminal
    bool terminal = false;         ///< progress may rewrite its line
};

/// Boots a host from an image that goes the whole way of virtual media, and
/// compares what the host read with the file.
///
/// Results go to @p out, the failure and what led to it to @p err. Gives the
/// exit status: 0 only if the host booted and both hashes are equal, 1 if
/// not, 2 for what cannot be tried, 130 for Ctrl-C.
boost::asio::awaitable<int> runBoot(BootOptions options, std::ostream& out,
                                    std::ostream& err);

} // namespace sim
