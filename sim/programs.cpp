// SPDX-License-Identifier: Apache-2.0
#include "programs.hpp"

#include "vmedia/process/search.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace sim
{
namespace fs = std::filesystem;
using vmedia::Errc;
using vmedia::Result;

namespace
{

fs::path ownFolder()
{
    std::error_code error;
    return fs::read_symlink("/proc/self/exe", error).parent_path();
}

} // namespace

Result<fs::path> findOurs(std::string_view program)
{
    for (const fs::path& folder :
         {ownFolder(), ownFolder() / "../libexec/vmedia"})
    {
        fs::path ours = folder / program;
        if (::access(ours.c_str(), X_OK) == 0)
        {
            return ours;
        }
    }
    Result<std::string> found = vmedia::process::findProgram(program);
    if (found)
    {
        return *found;
    }
    return vmedia::fail(
        Errc::usage,
        fmt::format("{} is neither in {} nor on PATH", program,
                    ownFolder().string()),
        fmt::format("cmake --build --preset dev --target {}", program));
}

Result<fs::path> findData(std::string_view file, const fs::path& given)
{
    std::vector<fs::path> folders{given};
    if (given.empty())
    {
        // VMEDIA_SIM_DATA: in the source tree.
        folders = {ownFolder() / "../share/vmedia", VMEDIA_SIM_DATA};
    }
    std::string looked;
    for (const fs::path& folder : folders)
    {
        std::error_code error;
        if (fs::exists(folder / file, error))
        {
            return folder / file;
        }
        looked += (looked.empty() ? "" : ", ") + folder.string();
    }
    return vmedia::fail(Errc::usage,
                        fmt::format("{} is not in {}", file, looked),
                        "give its folder with --data DIR");
}

} // namespace sim
