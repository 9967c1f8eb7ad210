// SPDX-License-Identifier: Apache-2.0
#include "mapped_copy.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstring>

namespace vmedia::exports
{

namespace
{

/// Where this thread goes on if the copy that it makes fails.
thread_local sigjmp_buf* volatile rescue = nullptr;

struct sigaction formerAction = {};

void onBusError(int, siginfo_t*, void*)
{
    if (rescue != nullptr)
    {
        ::siglongjmp(*rescue, 1);
    }
    // None of ours: the instruction is tried again, and meets what was there.
    ::sigaction(SIGBUS, &formerAction, nullptr);
}

bool catchBusErrors()
{
    struct sigaction action = {};
    action.sa_sigaction = onBusError;
    // NODEFER: who jumps out of a handler would have to unblock it again.
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    return ::sigaction(SIGBUS, &action, &formerAction) == 0;
}

} // namespace

bool isResident(std::span<const std::byte> mapped)
{
    static const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    // NOLINTNEXTLINE: mincore() wants the page's beginning
    const auto address = reinterpret_cast<uintptr_t>(mapped.data());
    const size_t before = address % page;
    std::array<unsigned char, 64> pages{};
    size_t left = before + mapped.size();
    // NOLINTNEXTLINE: and takes no const pointer, though it writes nothing
    auto* at = const_cast<std::byte*>(mapped.data()) - before;
    while (left > 0)
    {
        const size_t size = std::min(left, pages.size() * page);
        if (::mincore(at, size, pages.data()) != 0)
        {
            return false;
        }
        const auto count =
            static_cast<std::ptrdiff_t>((size + page - 1) / page);
        if (!std::all_of(pages.begin(), pages.begin() + count,
                         [](unsigned char one) { return (one & 1U) != 0; }))
        {
            return false;
        }
        at += size;
        left -= size;
    }
    return true;
}

// No object with a destructor may live in here: siglongjmp() runs none.
bool copyMapped(std::span<std::byte> into, std::span<const std::byte> mapped)
{
    assert(into.size() == mapped.size());
    static const bool caught = catchBusErrors();
    if (!caught)
    {
        return false;
    }
    sigjmp_buf here;
    if (sigsetjmp(here, 0) != 0)
    {
        rescue = nullptr;
        return false;
    }
    rescue = &here;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    std::memcpy(into.data(), mapped.data(), mapped.size());
    std::atomic_signal_fence(std::memory_order_seq_cst);
    rescue = nullptr;
    return true;
}

} // namespace vmedia::exports
