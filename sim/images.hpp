// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "cache.hpp"
#include "kernel.hpp"

#include <boost/asio/awaitable.hpp>

#include <filesystem>

namespace sim
{

/// What the two machines boot. Made when wanted, and then found in the cache.
struct Images
{
    std::filesystem::path vmlinux;
    std::filesystem::path bmc;  ///< initramfs of the BMC
    std::filesystem::path host; ///< initramfs of the host
};

/// @p data: see findData(); normally empty.
boost::asio::awaitable<vmedia::Result<Images>>
    makeImages(Cache cache, Kernel kernel, std::filesystem::path data);

/// A small CD that boots @p kernel and the host's initramfs with ISOLINUX.
boost::asio::awaitable<vmedia::Result<std::filesystem::path>>
    makeIso(Cache cache, Kernel kernel, std::filesystem::path hostInitramfs);

/// Kernel arguments that both machines want.
inline constexpr const char* kernelArguments =
    "console=ttyS0,115200 quiet panic=-1 mitigations=off no_timer_check";

} // namespace sim
