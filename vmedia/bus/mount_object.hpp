// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "connection.hpp"
#include "vmedia/service/slot.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vmedia::bus
{

/// Whose names and types the objects have.
enum class Compat : uint8_t
{
    design, ///< OpenBMC's design, "DBus Interface"
    intel,  ///< the service that is deployed: see mount_tables.hpp
};

/// One mount point on the bus: ROOT/Proxy/NAME or ROOT/Legacy/NAME.
///
/// Answers: Mount and Unmount answer at once: true, and Completion comes; or an
///          error, `System.Error.E…`. That name, and not the one that D-Bus has
///          for some errnos, because it reaches clients of sd-bus (bmcweb's
///          sdbusplus) as the same errno: EPERM as AccessDenied would come out
///          as EACCES, and could not be told from the bus's own refusal.
///          What is no call that the tables have is InvalidArgs.
/// Mount:   of Legacy mode takes `s` (read only, without secrets), `sbv` with a
///          variant of `h` or `i`, and `sbh`, as today's bmcweb sends it.
/// Files:   a descriptor that came is duplicated for the Slot, which owns the
///          copy. sd-bus closes all that came with a message.
/// Owner:   the slot outlives it; so does the connection.
class MountObject
{
  public:
    static constexpr const char* root = "/xyz/openbmc_project/VirtualMedia";

    MountObject(Connection& connection, service::Slot& slot,
                const service::Config& config, Compat compat);

    /// Errors: those of sd-bus, which say that a table is wrong.
    Result<void> publish();

    service::Slot& slot() const;
    const service::Config& config() const;
    const std::string& path() const;
    std::string relativePath() const; ///< "Proxy/ISO0"

    /// PropertiesChanged, of what is not what it was.
    void changed();
    /// The signal Completion.
    void completed(int error);

    /// From now on Mount gives ESHUTDOWN.
    void refuseMounts();

    // What sd-bus calls.
    int onMount(sd_bus_message* call, sd_bus_error* error);
    int onUnmount(sd_bus_message* call, sd_bus_error* error);
    /// Before the tables are looked at: 0 lets them be.
    int onLegacyCall(sd_bus_message* call, sd_bus_error* error);

  private:
    using Registration =
        std::unique_ptr<sd_bus_slot, sd_bus_slot* (*)(sd_bus_slot*)>;

    const char* modeInterface() const;
    int answer(sd_bus_message* call, sd_bus_error* error, int refusal,
               const char* method) const;
    void emitChanged(const char* interface, std::vector<const char*> names);
    void check(int result, const char* what);

    Connection& connection;
    service::Slot& mountSlot;
    const service::Config& mountConfig;
    Compat compat;
    std::string objectPath;
    service::Slot::View shown; ///< what PropertiesChanged told last
    bool closing = false;
    std::vector<Registration> registrations{};
};

} // namespace vmedia::bus
