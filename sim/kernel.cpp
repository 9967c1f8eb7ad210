// SPDX-License-Identifier: Apache-2.0
#include "kernel.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <cstring>
#include <optional>
#include <vector>

namespace sim
{
namespace fs = std::filesystem;
using vmedia::Errc;
using vmedia::Result;

namespace
{

/// The newest vmlinuz-*-amd64 of a root folder that has its modules too. The
/// cloud flavour has no USB gadgets.
std::optional<Kernel> newestIn(const fs::path& root)
{
    constexpr std::string_view prefix = "vmlinuz-";
    std::optional<Kernel> newest;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(root / "boot", error))
    {
        const std::string file = entry.path().filename();
        if (!file.starts_with(prefix) || !file.ends_with("-amd64") ||
            file.find("-cloud-") != std::string::npos)
        {
            continue;
        }
        const std::string version = file.substr(prefix.size());
        if (!newest ||
            ::strverscmp(version.c_str(), newest->version.c_str()) > 0)
        {
            newest = Kernel{version, entry.path(),
                            root / "lib/modules" / version};
        }
    }
    return newest;
}

std::optional<Kernel> newestInFoldersOf(const fs::path& folder)
{
    std::optional<Kernel> newest;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
    {
        std::optional<Kernel> found =
            entry.path().filename().string().starts_with('.')
                ? std::nullopt // ci/fetch-kernel is at work in there
                : newestIn(entry.path());
        if (found && (!newest || ::strverscmp(found->version.c_str(),
                                              newest->version.c_str()) > 0))
        {
            newest = std::move(found);
        }
    }
    return newest;
}

} // namespace

Result<Kernel> findKernel(const fs::path& given, const fs::path& cache)
{
    std::optional<Kernel> kernel =
        given.empty() ? newestInFoldersOf(cache / "linux") : newestIn(given);
    if (!kernel && given.empty())
    {
        kernel = newestIn("/");
    }
    if (!kernel)
    {
        return given.empty()
                   ? vmedia::fail(
                         Errc::usage,
                         fmt::format("no Linux kernel for the VMs in {} and "
                                     "none installed (linux-image-amd64)",
                                     (cache / "linux").string()),
                         "run ci/fetch-kernel, or give --kernel DIR")
                   : vmedia::fail(
                         Errc::usage,
                         fmt::format("{} holds no boot/vmlinuz-*-amd64",
                                     given.string()),
                         "unpack linux-image-amd64 there with dpkg -x, or "
                         "run ci/fetch-kernel");
    }
    if (!fs::exists(kernel->modules / "modules.dep"))
    {
        return vmedia::fail(
            Errc::usage,
            fmt::format("{} is missing",
                        (kernel->modules / "modules.dep").string()),
            fmt::format("depmod -b {} {}",
                        kernel->vmlinuz.parent_path().parent_path().string(),
                        kernel->version));
    }
    return std::move(*kernel);
}

} // namespace sim
