// SPDX-License-Identifier: Apache-2.0
#include "mount_tables.hpp"

#include <new>
#include <type_traits>

namespace vmedia::bus
{

using service::Mode;

namespace
{

// Called by C: no exception gets out.
template <auto Method>
int call(sd_bus_message* message, void* object, sd_bus_error* error)
{
    try
    {
        return (static_cast<MountObject*>(object)->*Method)(message, error);
    }
    catch (const std::bad_alloc&)
    {
        return -ENOMEM;
    }
}

template <typename T>
constexpr const char* typeOf = nullptr; // no D-Bus type: does not compile
template <>
constexpr const char* typeOf<bool> = "b";
template <>
constexpr const char* typeOf<uint8_t> = "y";
template <>
constexpr const char* typeOf<uint16_t> = "q";
template <>
constexpr const char* typeOf<int32_t> = "i";
template <>
constexpr const char* typeOf<uint64_t> = "t";
template <>
constexpr const char* typeOf<std::string> = "s";

template <typename T>
int append(sd_bus_message* reply, const T& value)
{
    static_assert(typeOf<T> != nullptr);
    if constexpr (std::is_same_v<T, std::string>)
    {
        return ::sd_bus_message_append_basic(reply, 's', value.c_str());
    }
    else if constexpr (std::is_same_v<T, bool>)
    {
        const int number = value ? 1 : 0;
        return ::sd_bus_message_append_basic(reply, 'b', &number);
    }
    else
    {
        return ::sd_bus_message_append_basic(reply, *typeOf<T>, &value);
    }
}

template <auto Read>
int get(sd_bus* /*bus*/, const char* /*path*/, const char* /*interface*/,
        const char* /*property*/, sd_bus_message* reply, void* object,
        sd_bus_error* /*error*/)
{
    try
    {
        return append(reply, Read(*static_cast<const MountObject*>(object)));
    }
    catch (const std::bad_alloc&)
    {
        return -ENOMEM;
    }
}

// Who may call is said by the bus's policy. Without "unprivileged" sd-bus
// would ask for CAP_SYS_ADMIN, which web servers lack.
constexpr uint64_t open = SD_BUS_VTABLE_UNPRIVILEGED;
constexpr uint64_t changing = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr uint64_t fixed = SD_BUS_VTABLE_PROPERTY_CONST;

template <auto Read, uint64_t Flags>
constexpr sd_bus_vtable property(const char* name)
{
    using Value = std::invoke_result_t<decltype(Read), const MountObject&>;
    return SD_BUS_PROPERTY(name, typeOf<Value>, get<Read>, 0, Flags);
}

// Process
bool active(const MountObject& o)
{
    return o.slot().view().mount.active;
}
int32_t exitCode(const MountObject& o)
{
    return o.slot().view().mount.exitCode;
}

// MountPoint
std::string endpointId(const MountObject& o)
{
    return o.slot().mountPoint().endpointId;
}
uint8_t mode(const MountObject& o)
{
    return static_cast<uint8_t>(o.slot().mountPoint().mode);
}
std::string device(const MountObject& o)
{
    return service::devicePath(o.config(), o.slot().mountPoint());
}
std::string deviceName(const MountObject& o)
{
    return o.slot().mountPoint().device;
}
std::string socket(const MountObject& o)
{
    return o.slot().mountPoint().unixSocket;
}
template <typename T>
T timeout(const MountObject& o)
{
    return static_cast<T>(o.slot().mountPoint().timeout.count());
}
uint16_t blockSize(const MountObject& o)
{
    return o.slot().mountPoint().blockSize;
}
template <typename T>
T remaining(const MountObject& o)
{
    return o.slot().view().remaining;
}
std::string imageUrl(const MountObject& o)
{
    return o.slot().view().mount.imageUrl;
}
bool writeProtected(const MountObject& o)
{
    return o.slot().view().mount.writeProtected;
}

// Stats
uint64_t readIo(const MountObject& o)
{
    return o.slot().view().readIo;
}
uint64_t writeIo(const MountObject& o)
{
    return o.slot().view().writeIo;
}

constexpr sd_bus_vtable process[] = {
    SD_BUS_VTABLE_START(0),
    property<active, changing>("Active"),
    property<exitCode, changing>("ExitCode"),
    SD_BUS_VTABLE_END,
};

constexpr sd_bus_vtable mountPoint[] = {
    SD_BUS_VTABLE_START(0),
    property<endpointId, fixed>("EndPointId"),
    property<mode, fixed>("Mode"),
    property<device, fixed>("Device"),
    property<socket, fixed>("Socket"),
    property<timeout<uint16_t>, fixed>("Timeout"),
    property<blockSize, fixed>("BlockSize"),
    property<remaining<uint16_t>, changing>("RemainingInactivityTimeout"),
    property<imageUrl, changing>("ImageURL"),
    property<writeProtected, changing>("WriteProtected"),
    SD_BUS_VTABLE_END,
};

constexpr sd_bus_vtable mountPointIntel[] = {
    SD_BUS_VTABLE_START(0),
    property<deviceName, fixed>("Device"),
    property<endpointId, fixed>("EndpointId"),
    property<socket, fixed>("Socket"),
    property<imageUrl, changing>("ImageURL"),
    property<writeProtected, changing>("WriteProtected"),
    property<timeout<int32_t>, fixed>("Timeout"),
    property<remaining<int32_t>, changing>("RemainingInactivityTimeout"),
    SD_BUS_VTABLE_END,
};

constexpr sd_bus_vtable stats[] = {
    SD_BUS_VTABLE_START(0),
    property<readIo, changing>("ReadIO"),
    property<writeIo, changing>("WriteIO"),
    SD_BUS_VTABLE_END,
};

constexpr sd_bus_vtable proxy[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_NAMES("Mount", "", , "b", "started\0",
                             call<&MountObject::onMount>, open),
    SD_BUS_METHOD_WITH_NAMES("Unmount", "", , "b", "started\0",
                             call<&MountObject::onUnmount>, open),
    SD_BUS_SIGNAL_WITH_NAMES("Completion", "i", "error\0", 0),
    SD_BUS_VTABLE_END,
};

constexpr sd_bus_vtable legacy[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_METHOD_WITH_NAMES("Mount", "sbv",
                             "image\0"
                             "writable\0"
                             "secrets\0",
                             "b", "started\0", call<&MountObject::onMount>,
                             open),
    SD_BUS_METHOD_WITH_NAMES("Unmount", "", , "b", "started\0",
                             call<&MountObject::onUnmount>, open),
    SD_BUS_SIGNAL_WITH_NAMES("Completion", "i", "error\0", 0),
    SD_BUS_VTABLE_END,
};

// For introspection: sd-bus takes one row of a name.
constexpr sd_bus_vtable legacyOverloads[] = {
    SD_BUS_METHOD_WITH_NAMES("Mount", "s", "image\0", "b", "started\0",
                             call<&MountObject::onMount>, open),
    SD_BUS_METHOD_WITH_NAMES("Mount", "sbh",
                             "image\0"
                             "writable\0"
                             "secrets\0",
                             "b", "started\0", call<&MountObject::onMount>,
                             open),
    SD_BUS_VTABLE_END,
};

} // namespace

std::vector<Interface> interfacesOf(Mode which, Compat compat)
{
    const bool intel = compat == Compat::intel;
    std::vector<Interface> all{
        {processInterface, process},
        {mountPointInterface, intel ? mountPointIntel : mountPoint}};
    if (!intel)
    {
        all.push_back({statsInterface, stats});
    }
    if (which == Mode::proxy)
    {
        all.push_back({proxyInterface, proxy});
    }
    else
    {
        all.push_back(
            {legacyInterface, legacy, intel ? nullptr : legacyOverloads});
    }
    return all;
}

} // namespace vmedia::bus
