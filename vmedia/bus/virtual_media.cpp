// SPDX-License-Identifier: Apache-2.0
#include "virtual_media.hpp"

#include <algorithm>
#include <utility>

namespace vmedia::bus
{

using service::Slot;

VirtualMedia::VirtualMedia(Connection& c, const service::Config& all,
                           Compat which) :
    connection(c), config(all), compat(which), timer(c.executor())
{}

Result<void>
    VirtualMedia::publish(const std::vector<std::unique_ptr<Slot>>& slots)
{
    sd_bus_slot* made = nullptr;
    const int result = ::sd_bus_add_object_manager(connection.get(), &made,
                                                   MountObject::root);
    if (result < 0)
    {
        return failErrno(-result, MountObject::root);
    }
    manager.reset(made);
    for (const std::unique_ptr<Slot>& slot : slots)
    {
        auto [place, isNew] = objects.try_emplace(slot.get(), connection, *slot,
                                                  config, compat);
        if (auto done = place->second.publish(); !done)
        {
            return done;
        }
    }
    return {};
}

void VirtualMedia::refuseMounts()
{
    for (auto& [slot, object] : objects)
    {
        object.refuseMounts();
    }
}

void VirtualMedia::onChange(std::function<void()> heard)
{
    hear = std::move(heard);
}

void VirtualMedia::changed(Slot& slot)
{
    // A slot may tell of itself before it is published: nobody knows it yet.
    if (const auto found = objects.find(&slot); found != objects.end())
    {
        found->second.changed();
        watchCounts();
    }
    if (hear)
    {
        hear();
    }
}

void VirtualMedia::watchCounts()
{
    const bool wanted = std::any_of(objects.begin(), objects.end(),
                                    [](const auto& one) {
        return one.first->view().mount.state != service::Mount::State::ready;
    });
    if (!wanted || std::exchange(watching, true))
    {
        return;
    }
    timer.expires_after(countTime);
    timer.async_wait([this](const boost::system::error_code& error) {
        watching = false;
        if (error)
        {
            return;
        }
        for (auto& [slot, object] : objects)
        {
            object.changed();
        }
        watchCounts();
    });
}

void VirtualMedia::completed(Slot& slot, int error)
{
    if (const auto found = objects.find(&slot); found != objects.end())
    {
        found->second.completed(error);
    }
}

} // namespace vmedia::bus
