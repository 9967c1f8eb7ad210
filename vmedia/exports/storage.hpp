// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "export.hpp"

namespace vmedia::exports
{

/// What has a fixed size and, unless it is read-only, all that storage can
/// do; holes are known and nothing is cached, where no other is said.
class Storage : public Export
{
  public:
    Storage(uint64_t bytes, Access mode) : bytesTotal(bytes), access(mode) {}

    uint64_t size() const override
    {
        return bytesTotal;
    }
    Abilities abilities() const override
    {
        const bool writable = access == Access::readWrite;
        return {.write = writable,
                .flush = writable,
                .trim = writable,
                .zero = writable,
                .fastZero = writable,
                .cache = true,
                .extents = true};
    }
    int cache(uint64_t, uint64_t) override
    {
        return 0;
    }

  protected:
    uint64_t bytesTotal;
    Access access;
};

} // namespace vmedia::exports
