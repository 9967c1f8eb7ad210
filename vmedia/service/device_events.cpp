// SPDX-License-Identifier: Apache-2.0
#include "device_events.hpp"

#include "vmedia/uevent/block_events.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace vmedia::service
{

namespace asio = boost::asio;

struct DeviceEvents::State
{
    std::map<std::string, Look> looks{};
    std::optional<uevent::BlockEvents> events{};

    void happened(const std::string& name)
    {
        // Copies: who looks may unwatch, or watch another.
        std::vector<Look> called;
        for (const auto& [device, look] : looks)
        {
            if (name.empty() || name == device)
            {
                called.push_back(look);
            }
        }
        for (const Look& look : called)
        {
            look();
        }
    }

    static asio::awaitable<void> run(std::shared_ptr<State> self)
    {
        for (;;)
        {
            const Result<uevent::BlockEvent> event =
                co_await self->events->next();
            if (!event)
            {
                co_return;
            }
            self->happened(event->device);
        }
    }
};

DeviceEvents::DeviceEvents() : state(std::make_shared<State>()) {}

DeviceEvents::~DeviceEvents()
{
    state->looks.clear();
    if (state->events)
    {
        state->events->close();
    }
}

Result<void> DeviceEvents::listen(const asio::any_io_executor& executor)
{
    auto opened = uevent::BlockEvents::open(executor);
    if (!opened)
    {
        return tl::unexpected(opened.error());
    }
    state->events.emplace(std::move(*opened));
    asio::co_spawn(executor, State::run(state), asio::detached);
    return {};
}

void DeviceEvents::watch(const std::string& name, Look look)
{
    state->looks[name] = std::move(look);
}

void DeviceEvents::unwatch(const std::string& name)
{
    state->looks.erase(name);
}

void DeviceEvents::happened(const std::string& name)
{
    state->happened(name);
}

} // namespace vmedia::service
