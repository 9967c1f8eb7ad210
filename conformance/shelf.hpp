// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace conformance
{

/// The targets of a run, a bench for each way to have one. One is open at a
/// time; one that could not be opened is not tried again.
///
/// Shape: a Bench has open(seed), stop(), and isOf(seed): whether what is
///        open now serves that seed's data.
template <typename Mode, typename Bench>
class Shelf
{
  public:
    /// The bench of @p mode, open; @p make makes it the first time.
    template <typename Make>
    vmedia::Result<Bench*> use(const Mode& mode, uint64_t seed, Make make)
    {
        Slot& slot = slots[&mode];
        if (slot.failed)
        {
            return tl::unexpected(*slot.failed);
        }
        if (current != nullptr && current == slot.bench.get() &&
            current->isOf(seed))
        {
            return current;
        }
        if (current != nullptr)
        {
            std::exchange(current, nullptr)->stop();
        }
        auto opened = open(slot, mode, seed, make);
        if (!opened)
        {
            slot.failed = opened.error();
            slot.bench.reset();
            return tl::unexpected(opened.error());
        }
        return current = slot.bench.get();
    }

    void clear()
    {
        current = nullptr;
        slots.clear();
    }

  private:
    struct Slot
    {
        std::unique_ptr<Bench> bench{};
        std::optional<vmedia::Error> failed{};
    };

    template <typename Make>
    vmedia::Result<void> open(Slot& slot, const Mode& mode, uint64_t seed,
                              Make& make)
    {
        if (!slot.bench)
        {
            vmedia::Result<std::unique_ptr<Bench>> made = make(mode);
            if (!made)
            {
                return tl::unexpected(made.error());
            }
            slot.bench = std::move(*made);
        }
        return slot.bench->open(seed);
    }

    std::map<const Mode*, Slot> slots;
    Bench* current = nullptr;
};

} // namespace conformance
