// SPDX-License-Identifier: Apache-2.0
#include "aftermath.hpp"

#include <fmt/format.h>

namespace conformance
{

void noteSanitizer(Spawned* target, Record& record)
{
    if (target == nullptr)
    {
        return;
    }
    if (const std::string report = target->sanitizerReport(); !report.empty())
    {
        record.verdict = failed("a sanitizer says: " + report,
                                "a server without such an error");
    }
}

void noteNotServed(const Spawned* target, const std::string& fault,
                   std::chrono::milliseconds grace, Record& record)
{
    const auto ended = target != nullptr ? target->ending(grace) : std::nullopt;
    record.verdict = failed(
        fmt::format("{}the next client was not served: {}{}",
                    record.verdict.passed() ? "" : record.verdict.got + "; ",
                    fault, ended ? "; the target ended with " + *ended : ""),
        "a server that serves the next client");
}

} // namespace conformance
