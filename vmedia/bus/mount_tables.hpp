// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "introspection.hpp"
#include "mount_object.hpp"

#include <vector>

namespace vmedia::bus
{

inline constexpr const char* processInterface =
    "xyz.openbmc_project.VirtualMedia.Process";
inline constexpr const char* mountPointInterface =
    "xyz.openbmc_project.VirtualMedia.MountPoint";
inline constexpr const char* statsInterface =
    "xyz.openbmc_project.VirtualMedia.Stats";
inline constexpr const char* proxyInterface =
    "xyz.openbmc_project.VirtualMedia.Proxy";
inline constexpr const char* legacyInterface =
    "xyz.openbmc_project.VirtualMedia.Legacy";

/// The interfaces of an object. Their user data is a MountObject.
///
/// Source:  OpenBMC's design "Virtual Media", section "DBus Interface".
/// Intel's: EndpointId is spelt so; Timeout and RemainingInactivityTimeout are
///          int32; Device is "nbd0" and not a path; there is no Mode, BlockSize
///          and Stats; Mount of Legacy mode shows its signature sbv only.
std::vector<Interface> interfacesOf(service::Mode mode, Compat compat);

} // namespace vmedia::bus
