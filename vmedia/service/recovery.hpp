// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "journal.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <vector>

namespace vmedia::service
{

/// What a vmediad begins with.
struct Recovered
{
    Journal journal{};             ///< of this boot: what could not be cleaned
    std::vector<Error> troubles{}; ///< a line for each of that
};

/// Makes the run directory (0700), and cleans up what the journal of a vmediad
/// that died lists. Before any slot is made.
///
/// Signals: a process is ended only if it is the one that the journal means: a
///          pidfd first, then its start time. nbd-client of a device is known
///          by sysfs alone, if the journal has not got it.
/// Bounded: each thing has some seconds; what does not go stays in the
///          journal, and is tried again by the next vmediad.
/// Errors:  there is no run directory to be had, or its journal cannot be
///          written.
boost::asio::awaitable<Result<Recovered>>
    prepareRun(boost::asio::any_io_executor executor, const Config& config);

} // namespace vmedia::service
