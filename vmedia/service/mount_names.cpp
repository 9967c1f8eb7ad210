// SPDX-License-Identifier: Apache-2.0
#include "mount.hpp"

#include <array>

namespace vmedia::service
{

namespace
{

// Each in the order of its enumeration.
constexpr std::array<std::string_view, 22> eventNames{"mount",
                                                      "unmount",
                                                      "shareMounted",
                                                      "shareFailed",
                                                      "shareUnmounted",
                                                      "shareUnmountFailed",
                                                      "serverReady",
                                                      "serverFailed",
                                                      "serverExited",
                                                      "clientFailed",
                                                      "clientExited",
                                                      "clientMoved",
                                                      "clientLost",
                                                      "gadgetBound",
                                                      "gadgetFailed",
                                                      "gadgetRemoved",
                                                      "gadgetRemoveFailed",
                                                      "deviceSize",
                                                      "hostEjected",
                                                      "inactive",
                                                      "timeout",
                                                      "shutdown"};
static_assert(eventNames.size() ==
              static_cast<size_t>(Event::What::shutdown) + 1);

constexpr std::array<std::string_view, 26> actionNames{
    "propertiesChanged", "accept",          "refuse",
    "complete",          "mountShare",      "cancelShare",
    "unmountShare",      "detachShare",     "abandonShare",
    "startServer",       "terminateServer", "killServer",
    "abandonServer",     "startClient",     "findClient",
    "terminateClient",   "killClient",      "disconnectDevice",
    "abandonClient",     "makeGadget",      "removeGadget",
    "abandonGadget",     "removeSecrets",   "armActivation",
    "armGrace",          "disarm"};

static_assert(actionNames.size() ==
              static_cast<size_t>(Action::What::disarm) + 1);

constexpr std::array<std::string_view, 10> stepNames{
    "ready",          "mountingShare",  "startingServer", "awaitingDevice",
    "bindingGadget",  "serving",        "removingGadget", "closingDevice",
    "stoppingServer", "unmountingShare"};
static_assert(stepNames.size() ==
              static_cast<size_t>(Mount::Step::unmountingShare) + 1);

constexpr std::array<std::string_view, 4> stateNames{"ready", "activating",
                                                     "active", "deactivating"};

template <typename Enum, size_t count>
std::string_view in(const std::array<std::string_view, count>& names, Enum e)
{
    return names.at(static_cast<size_t>(e));
}

} // namespace

std::string_view name(Event::What what)
{
    return in(eventNames, what);
}

std::string_view name(Action::What what)
{
    return in(actionNames, what);
}

std::string_view name(Mount::Step step)
{
    return in(stepNames, step);
}

std::string_view name(Mount::State state)
{
    return in(stateNames, state);
}

} // namespace vmedia::service
