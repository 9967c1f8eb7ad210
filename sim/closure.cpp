// SPDX-License-Identifier: Apache-2.0
#include "closure.hpp"

#include <algorithm>
#include <set>
#include <sstream>

namespace sim
{

namespace
{

/// "kernel/drivers/usb/host/xhci-pci.ko.xz" gives "xhci_pci".
std::string moduleName(std::string_view file)
{
    file.remove_prefix(file.rfind('/') + 1); // npos + 1 is 0
    std::string name(file.substr(0, file.find('.')));
    std::ranges::replace(name, '-', '_');
    return name;
}

} // namespace

std::vector<std::string> parseLdd(std::string_view text,
                                  std::vector<std::string>& missing)
{
    std::vector<std::string> libraries;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);)
    {
        // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)",
        // "/lib64/ld-linux-x86-64.so.2 (0x…)", "linux-vdso.so.1 (0x…)",
        // "libx.so => not found", "statically linked"
        std::istringstream words(line);
        std::string first;
        std::string arrow;
        std::string target;
        words >> first >> arrow >> target;
        if (arrow == "=>" && target.starts_with('/'))
        {
            libraries.push_back(target);
        }
        else if (arrow == "=>" && target == "not")
        {
            missing.push_back(first);
        }
        else if (first.starts_with('/') && arrow.starts_with('('))
        {
            libraries.push_back(first);
        }
    }
    return libraries;
}

ModuleIndex::ModuleIndex(std::string_view modulesDep)
{
    std::istringstream lines{std::string(modulesDep)};
    for (std::string line; std::getline(lines, line);)
    {
        const size_t colon = line.find(':');
        if (colon == std::string::npos)
        {
            continue;
        }
        Module module{line.substr(0, colon), {}};
        std::istringstream words(line.substr(colon + 1));
        for (std::string file; words >> file;)
        {
            module.needs.push_back(file);
        }
        modules.insert_or_assign(moduleName(module.file), std::move(module));
    }
}

const ModuleIndex::Module* ModuleIndex::find(std::string_view name) const
{
    const auto found = modules.find(moduleName(name));
    return found == modules.end() ? nullptr : &found->second;
}

std::string ModuleIndex::subset(const std::vector<std::string>& names,
                                std::vector<std::string>& files) const
{
    std::set<std::string> wanted;
    for (const std::string& name : names)
    {
        if (const Module* module = find(name))
        {
            wanted.insert(module->file);
            wanted.insert(module->needs.begin(), module->needs.end());
        }
    }
    std::string text;
    for (const std::string& file : wanted)
    {
        text += file + ":";
        if (const Module* module = find(file))
        {
            for (const std::string& needed : module->needs)
            {
                text += " " + needed;
            }
        }
        text += "\n";
        files.push_back(file);
    }
    return text;
}

} // namespace sim
