// SPDX-License-Identifier: Apache-2.0
#include "suite.hpp"

namespace conformance
{

Record recordOf(const Row& row)
{
    return {.id = row.id,
            .area = row.area,
            .level = row.level,
            .spec = row.spec,
            .says = row.says,
            .sends = row.sends,
            .wants = row.wants,
            .verdict = {}};
}

uint64_t seedOf(uint64_t seed, std::string_view id)
{
    uint64_t hash = 0xcbf29ce484222325 ^ seed; // FNV-1a
    for (const char c : id)
    {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    return hash;
}

} // namespace conformance
