// SPDX-License-Identifier: Apache-2.0
#include "sanitizer.hpp"

#include <fstream>
#include <string_view>

namespace conformance
{

std::string sanitizerReport(const std::filesystem::path& log,
                            std::streamoff& from)
{
    constexpr std::string_view signs[] = {
        "ERROR: AddressSanitizer", "ERROR: LeakSanitizer",
        "WARNING: ThreadSanitizer", "WARNING: MemorySanitizer",
        ": runtime error: "};
    std::ifstream file(log);
    file.seekg(from);
    std::string found;
    std::string line;
    while (std::getline(file, line))
    {
        from += static_cast<std::streamoff>(line.size()) + 1;
        if (line.find("panic serving") != std::string::npos)
        {
            continue; // Go says it, and has caught it
        }
        for (const std::string_view sign : signs)
        {
            if (found.empty() && line.find(sign) != std::string::npos)
            {
                found = line;
            }
        }
    }
    return found;
}

} // namespace conformance
