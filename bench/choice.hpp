// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Things with names, of which a user may choose some.
namespace bench
{

template <typename T>
std::string namesOf(std::span<const T> all)
{
    std::string names;
    for (const T& one : all)
    {
        names += (names.empty() ? "" : ", ") + std::string(one.name);
    }
    return names;
}

/// Those of @p all whose names are in @p wanted, or all; in @p all's order.
template <typename T>
vmedia::Result<std::vector<const T*>>
    choose(std::span<const T> all, const std::vector<std::string>& wanted,
           std::string_view what)
{
    for (const std::string& name : wanted)
    {
        if (std::ranges::find(all, name, &T::name) == all.end())
        {
            return vmedia::fail(vmedia::Errc::usage,
                                fmt::format("there is no {} '{}'", what, name),
                                "choose from: " + namesOf(all));
        }
    }
    std::vector<const T*> chosen;
    for (const T& one : all)
    {
        if (wanted.empty() ||
            std::ranges::find(wanted, one.name) != wanted.end())
        {
            chosen.push_back(&one);
        }
    }
    return chosen;
}

} // namespace bench
