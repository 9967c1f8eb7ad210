// SPDX-License-Identifier: Apache-2.0
//
// Stands in for the kernel's nbd in a test that links it: NBD_DISCONNECT on
// the file ROOT/dev/nbdN ends whom ROOT/sys/block/nbdN/pid names
// (stand_in_nbd_client.py). All other ioctls are the kernel's.
#include <linux/ioctl.h>
#include <linux/nbd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <filesystem>
#include <fstream>
#include <string>

namespace
{

int disconnect(int descriptor)
{
    namespace fs = std::filesystem;
    const fs::path device =
        fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor));
    std::ifstream file(device.parent_path().parent_path() / "sys/block" /
                       device.filename() / "pid");
    int pid = 0;
    if (file >> pid && ::kill(pid, SIGUSR1) == 0)
    {
        return 0;
    }
    errno = EINVAL; // as the kernel's, without a connection
    return -1;
}

} // namespace

// NOLINTNEXTLINE: the C library's name and form
extern "C" int ioctl(int descriptor, unsigned long request, ...) noexcept
{
    if (request == NBD_DISCONNECT)
    {
        return disconnect(descriptor);
    }
    if (request == NBD_CLEAR_SOCK)
    {
        return 0;
    }
    va_list list;
    va_start(list, request);
    void* const argument = va_arg(list, void*);
    va_end(list);
    return static_cast<int>(
        ::syscall(SYS_ioctl, descriptor, request, argument));
}
