// SPDX-License-Identifier: Apache-2.0
#include "slots.hpp"

namespace conformance::ws
{

bool Slots::claim(const std::string& path)
{
    const std::lock_guard lock(mutex);
    return taken.try_emplace(path).second;
}

void Slots::release(const std::string& path)
{
    const std::lock_guard lock(mutex);
    taken.erase(path);
}

void Slots::setSink(const std::string& path, Sink sink)
{
    const std::lock_guard lock(mutex);
    if (const auto found = taken.find(path); found != taken.end())
    {
        found->second = std::move(sink);
    }
}

void Slots::inject(const std::string& path, vmedia::nbd::ByteView bytes)
{
    const std::lock_guard lock(mutex);
    if (const auto found = taken.find(path);
        found != taken.end() && found->second)
    {
        found->second(bytes);
    }
}

} // namespace conformance::ws
