// SPDX-License-Identifier: Apache-2.0
#include "stop.hpp"

#include <csignal>

namespace bench
{

namespace
{

volatile std::sig_atomic_t wanted = 0;

} // namespace

void stopOnSignals()
{
    struct sigaction action{};
    action.sa_handler = [](int) { wanted = 1; }; // no SA_RESTART
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

bool stopWanted()
{
    return wanted != 0;
}

} // namespace bench
