// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::service
{

/// Who brings the medium.
enum class Mode : uint8_t
{
    proxy = 0,  ///< a browser, through the web server's unix socket
    legacy = 1, ///< nbdkit, from a URL: https: or smb:
};

/// What the host is shown.
enum class MediaType : uint8_t
{
    automatic, ///< "auto": the image tells
    cdrom,
    disk,
};

/// `MountPoints.NAME`: one slot, one D-Bus object.
struct MountPoint
{
    std::string name;             ///< last element of the object's path
    Mode mode;
    std::string endpointId;       ///< "/nbd/0"; may be empty in legacy mode
    std::string device;           ///< "nbd0", however the file writes it
    std::string unixSocket;       ///< at most 107 bytes
    std::chrono::seconds timeout; ///< nbd-client's, and that of activating
    uint16_t blockSize;           ///< of nbd-client: 512, 1024, 2048 or 4096
    bool readOnly; ///< the host never writes, whatever Mount asks
    MediaType mediaType;
};

/// Where the system is. Tests put a directory in place of each.
struct Roots
{
    std::string configfs = "/sys/kernel/config";
    std::string udcClass = "/sys/class/udc";
    std::string devices = "/dev";
    std::string sysfs = "/sys";
    std::string runDirectory = "/run/virtual-media";
};

/// Programs that are started: a path, or a name on PATH.
struct Programs
{
    std::string nbdClient = "nbd-client";
    std::string nbdkit = "nbdkit";
    std::string mountCifs = "mount.cifs";
};

/// vmediad's configuration.
///
///   {
///     "InactivityTimeout": 1800,          # seconds, 1 to 65535
///     "MountPoints": {
///       "ISO0": {                         # 1 to 32 of A-Z a-z 0-9 _
///         "EndpointId": "/nbd/0",         # needed in proxy mode
///         "Mode": 0,                      # 0 proxy, 1 legacy; needed
///         "NBDDevice": "/dev/nbd0",       # or "nbd0"; needed
///         "UnixSocket": "/run/virtual-media/ISO0.sock",
///         "Timeout": 30,                  # seconds, 1 to 65535
///         "BlockSize": 512,
///         "Readonly": true,
///         "MediaType": "auto",            # or "cdrom", "disk"
///       }
///     },
///     "CAFile": "/etc/ssl/certs/ca-certificates.crt",
///     "Roots": {"Configfs", "UDCClass", "Devices", "Sysfs", "RunDirectory"},
///     "Programs": {"NbdClient", "Nbdkit", "MountCifs"}
///   }
///
/// Shape:    the keys of OpenBMC's design and of the services that are
///           deployed, so that their /etc/virtual-media.json can be used; the
///           keys from Readonly on are ours. JSON with comments and trailing
///           commas: see parseLocatedJson(). A key that is not above, or that
///           comes twice, is a mistake: a limit that silently is not there is
///           worse than a service that does not start.
/// Defaults: what the structs here say and, for a mount point,
///             UnixSocket  RunDirectory/NAME.sock
///             Timeout     30 in proxy mode, 90 in legacy mode
///             BlockSize   512
///             Readonly    true in proxy mode: browsers cannot write;
///                         false in legacy mode: Mount says it each time
///             MediaType   auto
/// Units:    seconds go to 65535 because D-Bus properties of the design are 16
///           bits wide. At most 64 mount points, and 1 MiB of file.
/// Own:      a device, a socket and an endpoint belong to one mount point.
struct Config
{
    std::chrono::seconds inactivityTimeout{1800};
    std::vector<MountPoint> mountPoints{}; ///< in the file's order; not empty
    std::string caFile = "/etc/ssl/certs/ca-certificates.crt";
    Roots roots{};
    Programs programs{};
};

inline constexpr const char* defaultConfigFile = "/etc/virtual-media.json";

/// All mistakes of a file, in the order of its lines as far as they have one:
/// each is one line, "FILE:LINE: KEY is VALUE, wanted …". Text that is no JSON
/// is one mistake. Beyond 50 the last one counts the rest.
using Mistakes = std::vector<Error>;

tl::expected<Config, Mistakes> parseConfig(std::string_view text,
                                           const std::string& file);

tl::expected<Config, Mistakes> loadConfig(const std::string& file);

/// Roots::devices and the device's name: "/dev/nbd0".
std::string devicePath(const Config& config, const MountPoint& point);

/// "nbd0" of "nbd0" and "/dev/nbd0"; nothing of what is no NBD device.
std::optional<std::string> nbdDeviceName(std::string_view text);

} // namespace vmedia::service
