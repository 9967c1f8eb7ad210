// SPDX-License-Identifier: Apache-2.0
#include "load.hpp"

#include "lane.hpp"
#include "stop.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
using Clock = std::chrono::steady_clock;

namespace
{

constexpr size_t bufferBytes = 64UL * 1024; // stays in the second-level cache
constexpr int silenceMs = 10'000;

double secondsBetween(Clock::time_point from, Clock::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

/// The lanes, and who of them has something to read.
class Lanes
{
  public:
    std::vector<std::unique_ptr<Lane>> all;
    std::vector<std::byte> buffer = std::vector<std::byte>(bufferBytes);

    Result<void> watch()
    {
        if (all.size() == 1) // one needs no epoll: its receive may block
        {
            return {};
        }
        epoll = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
        for (size_t i = 0; i < all.size(); ++i)
        {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, all[i]->descriptor(),
                            &event) != 0)
            {
                return vmedia::failErrno(errno, "epoll");
            }
        }
        return {};
    }

    /// Receives from whoever has something, and refills.
    Result<void> turn()
    {
        if (all.size() == 1)
        {
            return serve(*all.front());
        }
        std::array<epoll_event, 64> events{};
        const int count = ::epoll_wait(epoll.get(), events.data(),
                                       events.size(), silenceMs);
        if (count < 0)
        {
            return errno == EINTR ? fail(Errc::cancelled, "stopped by a signal")
                                  : vmedia::failErrno(errno, "epoll");
        }
        if (count == 0)
        {
            return fail(Errc::timeout, fmt::format("the server did not answer "
                                                   "for {} ms",
                                                   silenceMs));
        }
        for (const auto& event :
             std::span(events).first(static_cast<size_t>(count)))
        {
            Lane& lane = *all[event.data.u64];
            do
            {
                if (Result<void> served = serve(lane); !served)
                {
                    return served;
                }
            } while (lane.hasBuffered()); // of which the epoll knows nothing
        }
        return {};
    }

    uint64_t done() const
    {
        uint64_t sum = 0;
        for (const auto& lane : all)
        {
            sum += lane->done();
        }
        return sum;
    }

  private:
    Result<void> serve(Lane& lane)
    {
        return lane.receive(buffer).and_then([&] { return lane.submit(); });
    }

    Descriptor epoll;
};

} // namespace

Result<std::vector<Connection>> openConnections(const Endpoint& endpoint,
                                                uint32_t count,
                                                uint64_t wantedSize)
{
    std::vector<Connection> all;
    for (uint32_t i = 0; i < count; ++i)
    {
        Result<Connection> opened = Connection::open(endpoint);
        if (!opened)
        {
            return tl::unexpected(opened.error());
        }
        const Result<uint64_t> size = opened->readGreeting().and_then(
            [&] { return opened->go(endpoint); });
        if (!size)
        {
            return during(fmt::format("connection {} of {}", i + 1, count),
                          size.error());
        }
        if (*size != wantedSize)
        {
            return fail(Errc::protocol,
                        fmt::format("the export has {} bytes, the file {}",
                                    *size, wantedSize));
        }
        all.push_back(std::move(*opened));
    }
    return all;
}

Result<Loaded> runLoad(const Endpoint& endpoint, const Image& image,
                       const Workload& workload, const LoadOptions& options)
{
    auto opened = openConnections(endpoint, workload.connections, image.size());
    if (!opened)
    {
        return tl::unexpected(opened.error());
    }
    Lanes lanes;
    for (Connection& connection : *opened)
    {
        lanes.all.push_back(std::make_unique<Lane>(
            std::move(connection), image, workload, options.number,
            lanes.all.size(), options.verify));
    }
    if (Result<void> watched = lanes.watch(); !watched)
    {
        return tl::unexpected(watched.error());
    }
    for (const auto& lane : lanes.all)
    {
        if (Result<void> sent = lane->submit(); !sent)
        {
            return tl::unexpected(sent.error());
        }
    }

    const auto until = [&](Clock::time_point end) -> Result<void> {
        while (Clock::now() < end)
        {
            if (stopWanted())
            {
                return fail(Errc::cancelled, "stopped by a signal");
            }
            if (Result<void> turned = lanes.turn(); !turned)
            {
                return turned;
            }
        }
        return {};
    };
    const auto span = [](double seconds) {
        return std::chrono::duration_cast<Clock::duration>(
            std::chrono::duration<double>(seconds));
    };
    if (Result<void> warm =
            until(Clock::now() + span(std::min(0.1, options.seconds / 5)));
        !warm)
    {
        return tl::unexpected(warm.error());
    }
    const double cpuBefore = options.serverCpu();
    const uint64_t doneBefore = lanes.done();
    const auto start = Clock::now();
    if (Result<void> ran = until(start + span(options.seconds)); !ran)
    {
        return tl::unexpected(ran.error());
    }
    Loaded loaded;
    loaded.seconds = secondsBetween(start, Clock::now());
    loaded.requests = lanes.done() - doneBefore;
    loaded.bytes = loaded.requests * workload.block;
    loaded.cpuSeconds = options.serverCpu() - cpuBefore;
    loaded.cipher = lanes.all.front()->cipher();
    for (const auto& lane : lanes.all)
    {
        if (Result<void> finished = lane->finish(lanes.buffer); !finished)
        {
            return tl::unexpected(finished.error());
        }
        loaded.checked += lane->checked();
    }
    if (loaded.requests == 0)
    {
        return fail(
            Errc::timeout,
            fmt::format("no request was answered within {} s", options.seconds),
            "give more --seconds");
    }
    return loaded;
}

} // namespace bench
