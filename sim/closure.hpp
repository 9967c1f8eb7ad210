// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sim
{

/// Absolute paths of the shared libraries, and of the loader, that `ldd`
/// printed for a program. A static program has none. @p missing gets the
/// names of those that were "not found".
std::vector<std::string> parseLdd(std::string_view text,
                                  std::vector<std::string>& missing);

/// What depmod wrote in modules.dep: which file a module is, and which files
/// it needs, all of them, not only its direct ones.
class ModuleIndex
{
  public:
    explicit ModuleIndex(std::string_view modulesDep);

    struct Module
    {
        std::string file;               ///< "kernel/drivers/block/nbd.ko"
        std::vector<std::string> needs; ///< in the order of modules.dep
    };
    /// By name; '-' and '_' are the same, as for modprobe. Null: no such one.
    const Module* find(std::string_view name) const;

    /// modules.dep for @p names and all they need, to go with those files.
    /// A name that is not there (built in, or no such module) is left out.
    std::string subset(const std::vector<std::string>& names,
                       std::vector<std::string>& files) const;

  private:
    std::map<std::string, Module, std::less<>> modules;
};

} // namespace sim
