// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cpio.hpp"
#include "kernel.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace sim
{

/// Builds one machine's initramfs: busybox, modules, programs, an /init.
///
/// Errors: a program or a library of it is missing, the kernel lacks a
///         module: the text names it.
class Initramfs
{
  public:
    /// Busybox with all its applets, and the folders of a root.
    boost::asio::awaitable<vmedia::Result<void>> addBusybox();

    /// @p source as @p path, with its shared libraries. Without debug
    /// information, where strip is installed: a debug build is ten times as
    /// large, and all of it goes through the VM's memory.
    boost::asio::awaitable<vmedia::Result<void>>
        addProgram(std::string_view path, std::filesystem::path source);

    /// Modules with their parameters, "dummy_hcd num=2", in the order in
    /// which /init loads them, with all that they need.
    vmedia::Result<void> addModules(const Kernel& kernel,
                                    const std::vector<std::string>& modules);

    Cpio files;
};

/// Decompresses the kernel proper: it boots in 6 s where the bzImage takes 8,
/// for QEMU starts it by itself and TCG need not decompress it.
boost::asio::awaitable<vmedia::Result<std::string>>
    extractVmlinux(std::filesystem::path vmlinuz);

} // namespace sim
