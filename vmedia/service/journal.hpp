// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::service
{

/// A process, told apart from a later one that has its pid.
struct ProcessId
{
    int pid = 0;
    uint64_t startTime = 0; ///< clock ticks after boot: see startTimeOf()

    bool operator==(const ProcessId&) const = default;
};

/// What one mount point has, or is about to have, in the system.
struct Belongings
{
    std::string mountPoint{};
    std::string gadget{}; ///< its directory in configfs: "vmedia-ISO0"
    std::string device{}; ///< "nbd0"; whoever serves it is ended with it
    std::optional<ProcessId> client{};
    std::optional<ProcessId> server{};
    std::string socket{}; ///< nbdkit's: the web server removes its own
    std::string share{};  ///< the directory that it is mounted on
    std::string secret{}; ///< the file with user and password

    bool operator==(const Belongings&) const = default;
    bool empty() const; ///< but for the mount point's name
};

/// What has to be cleaned up if vmediad dies without doing it.
///
///   {"boot": "f2a0…", "mountPoints": {"ISO0": {
///      "gadget": "vmedia-ISO0", "device": "nbd0",
///      "client": {"pid": 412, "startTime": 9312}, "server": {…},
///      "socket": "/run/…", "share": "/run/…", "secret": "/run/…"}}}
///
/// Order:  saved before each deed, with what the deed will make, and after what
///         it made is gone. A program's pid is known only once it runs: until
///         then the kernel ends our children with us, and a client that moved
///         is found by its device.
/// Boot:   the kernel's boot_id. After another boot only files are left.
/// Trust:  what is read is checked as if a stranger had written it, for paths
///         in it are removed and pids get signals.
struct Journal
{
    std::string boot{};
    std::vector<Belongings> all{};

    /// Replaces what the mount point had; takes it out if there is nothing.
    void put(Belongings one);

    bool operator==(const Journal&) const = default;
};

std::string toJson(const Journal& journal);

/// Errors: one line, the first thing that is wrong.
Result<Journal> parseJournal(std::string_view text, const std::string& file);

/// Writes @p file anew and in one step, for its owner only: FILE.new is renamed
/// to it. An empty journal has no file. Nothing is synced: the run directory
/// is in memory, and this guards against our death, not the system's.
Result<void> saveJournal(const std::string& file, const Journal& journal);

/// What is in @p file; without the file, nothing. One that cannot be read is
/// no reason not to start: `trouble` says so in one line, and what is corrupt
/// is kept as FILE.corrupt.
struct LoadedJournal
{
    Journal journal{};
    std::optional<Error> trouble{};
};
LoadedJournal loadJournal(const std::string& file);

/// One thing to do about what a dead vmediad left. What is gone already is as
/// good as done.
struct Cleaning
{
    enum class What : uint8_t
    {
        removeGadget,
        disconnectDevice, ///< and end the process that sysfs names
        endProcess,   ///< if isSame() still holds, with a pidfd opened before
        unmountShare, ///< and remove its directory
        removeFile,
    };
    What what;
    std::string mountPoint;
    std::string target{}; ///< name or path
    ProcessId process{};

    bool operator==(const Cleaning&) const = default;
};

/// In the order of doing: for each mount point, the reverse of its coming.
std::vector<Cleaning> cleaningOf(const Journal& journal,
                                 std::string_view bootNow);

/// Field 22 of /proc/PID/stat (proc(5)): "the time the process started after
/// system boot". Nothing if @p stat is not such a text.
std::optional<uint64_t> startTimeOf(std::string_view stat);

/// Whether the process with this /proc/PID/stat is @p process.
bool isSame(const ProcessId& process, std::string_view stat);

} // namespace vmedia::service
