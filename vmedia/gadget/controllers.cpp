// SPDX-License-Identifier: Apache-2.0
#include "controllers.hpp"

#include "configfs.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>

namespace vmedia::gadget
{

std::vector<std::string> listControllers(const Roots& roots)
{
    return namesIn(roots.udcClass).value_or(std::vector<std::string>{});
}

std::string holderOf(const Roots& roots, const std::string& controller)
{
    const auto gadgets = namesIn(roots.gadgets());
    for (const std::string& gadget :
         gadgets.value_or(std::vector<std::string>{}))
    {
        // One that cannot be read went away meanwhile, and holds nothing.
        const auto held =
            readAttribute(fmt::format("{}/{}/UDC", roots.gadgets(), gadget));
        if (held && *held == controller)
        {
            return gadget;
        }
    }
    return {};
}

Result<std::string> bindToFree(const Roots& roots, const std::string& directory)
{
    const std::vector<std::string> controllers = listControllers(roots);
    if (controllers.empty())
    {
        return failNumbered(ENODEV, fmt::format("no UDC in {}", roots.udcClass),
                            "load the driver of a USB device controller");
    }
    std::string refused;
    int reason = 0;
    for (const std::string& controller : controllers)
    {
        if (!holderOf(roots, controller).empty())
        {
            continue;
        }
        const auto bound = writeAttribute(directory + "/UDC", controller);
        if (bound)
        {
            return controller;
        }
        // Gone since, or another gadget was faster: that is no refusal.
        const int number = bound.error().errorNumber;
        if (number != ENODEV && holderOf(roots, controller).empty())
        {
            refused += fmt::format(" {}", controller);
            reason = reason == 0 ? number : reason;
        }
    }
    if (refused.empty())
    {
        return failNumbered(ENODEV,
                            fmt::format("no free UDC in {}", roots.udcClass),
                            "stop another medium first");
    }
    return failNumbered(
        reason,
        fmt::format("every free UDC refused gadget {}:{}",
                    std::filesystem::path(directory).filename().string(),
                    refused),
        "see dmesg");
}

} // namespace vmedia::gadget
