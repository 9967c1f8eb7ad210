// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include "program.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/utsname.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

namespace bench
{

namespace
{

constexpr std::chrono::seconds patience{10};
constexpr const char* unknown = "unknown";

std::string cpuModel()
{
    std::ifstream in("/proc/cpuinfo");
    for (std::string line; std::getline(in, line);)
    {
        if (line.starts_with("model name"))
        {
            return line.substr(line.find(':') + 2);
        }
    }
    return unknown;
}

std::string compilerText()
{
#if defined(__clang__)
    std::string text = "clang " __clang_version__;
#else
    std::string text = "g++ " __VERSION__;
#endif
#if defined(__OPTIMIZE__)
    return text + " optimised";
#else
    return text + " NOT OPTIMISED";
#endif
}

/// Of the tree that this program was built in.
std::string commitText()
{
    std::error_code unreadable;
    const auto folder = std::filesystem::read_symlink("/proc/self/exe",
                                                      unreadable)
                            .parent_path();
    const auto ended = runProgram(
        {"git", "-C", folder, "describe", "--always", "--dirty", "--exclude=*"},
        patience);
    return ended && ended->status == 0 ? lastLineOf(ended->output) : unknown;
}

} // namespace

Machine thisMachine()
{
    Machine machine;
    machine.cpu = cpuModel();
    cpu_set_t usable;
    CPU_ZERO(&usable);
    ::sched_getaffinity(0, sizeof(usable), &usable);
    machine.cores = static_cast<unsigned>(CPU_COUNT(&usable));
    utsname names{};
    machine.kernel = ::uname(&names) == 0 ? names.release : unknown;
    machine.compiler = compilerText();
    machine.commit = commitText();
    ::getloadavg(&machine.load, 1);
    return machine;
}

std::string describe(const Machine& m)
{
    return fmt::format("{}, {} cores, Linux {}, {}, commit {}, load {:.1f}",
                       m.cpu, m.cores, m.kernel, m.compiler, m.commit, m.load);
}

std::string versionOf(const std::string& program, const std::string& option)
{
    const auto ended = runProgram({program, option}, patience);
    const std::regex number(R"(\d+\.\d+(\.\d+)?)");
    std::smatch match;
    return ended && std::regex_search(ended->output, match, number)
               ? match.str()
               : unknown;
}

std::string versionOf(const std::string& program, const std::string& option,
                      std::string_view package)
{
    std::string told = versionOf(program, option);
    if (told != unknown || package.empty())
    {
        return told;
    }
    const auto ended = runProgram(
        {"dpkg-query", "-W", "-f", "${Version}", std::string(package)},
        patience);
    return ended && ended->status == 0 ? lastLineOf(ended->output) : told;
}

} // namespace bench
