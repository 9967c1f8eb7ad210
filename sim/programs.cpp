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
    fs::path beside = ownFolder() / program;
    if (::access(beside.c_str(), X_OK) == 0)
    {
        return beside;
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
        // VMEDIA_SIM_DATA: folders of the source tree, in the order of search.
        folders = {ownFolder() / "../share/vmedia"};
        std::string rest = VMEDIA_SIM_DATA;
        for (size_t colon = 0; colon != std::string::npos;)
        {
            colon = rest.find(':');
            folders.emplace_back(rest.substr(0, colon));
            rest.erase(0, colon == std::string::npos ? colon : colon + 1);
        }
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
