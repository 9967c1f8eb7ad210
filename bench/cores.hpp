// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

namespace bench
{

/// Two processors, so that what is measured and what measures it do not take
/// each other's time.
struct Cores
{
    int relay = 0;
    int load = 1;
};

/// The first two that this process may use. Errors: there is but one.
vmedia::Result<Cores> twoCores();

/// The calling thread, and what it starts from now on, runs there only.
vmedia::Result<void> pinTo(int core);

} // namespace bench
