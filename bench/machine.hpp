// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace bench
{

/// What figures depend on, besides the code. A fact that cannot be found out
/// is "unknown".
struct Machine
{
    std::string cpu;      ///< "AMD EPYC 7763"
    unsigned cores = 0;   ///< that this process may use
    std::string kernel;   ///< "6.1.0-28-amd64"
    std::string compiler; ///< "g++ 12.2.0, optimised"
    std::string commit;   ///< "8e842df", "8e842df-dirty"
    double load = 0;      ///< of the last minute, before anything ran
};

Machine thisMachine();

/// "AMD EPYC 7763, 2 cores, Linux 6.1.0, g++ 12.2.0 optimised, commit …"
std::string describe(const Machine& machine);

/// "1.32.5" of what "nbdkit --version" prints; "unknown" without one.
std::string versionOf(const std::string& program, const std::string& option);

/// The same, or where the program tells none, the version of Debian's package.
std::string versionOf(const std::string& program, const std::string& option,
                      std::string_view package);

} // namespace bench
