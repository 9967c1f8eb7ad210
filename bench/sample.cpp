// SPDX-License-Identifier: Apache-2.0
#include "sample.hpp"

#include "load.hpp"
#include "packaged_client.hpp"
#include "server.hpp"

namespace bench
{

using vmedia::Result;

namespace
{

/// What each of the open and silent connections costs the server.
Result<Sample> idleConnections(const Server& server, const Image& image,
                               uint32_t count)
{
    const uint64_t before = server.residentBytes();
    const auto opened = openConnections(server.endpoint(), count, image.size());
    if (!opened)
    {
        return tl::unexpected(opened.error());
    }
    const uint64_t after = server.residentBytes();
    return Sample{.value = after > before
                               ? static_cast<double>(after - before) / count
                               : 0};
}

} // namespace

Result<Sample> takeSample(const Peer& peer, const Image& image,
                          const Wire& wire, const Workload& workload,
                          double seconds, uint64_t number)
{
    const auto server = Server::start(peer, image, wire, workload.connections);
    if (!server)
    {
        return tl::unexpected(server.error());
    }
    const Server& running = **server;
    if (workload.measure == Measure::startup)
    {
        return Sample{.value = running.startup()};
    }
    if (workload.measure == Measure::memoryPerConnection)
    {
        return idleConnections(running, image, workload.connections);
    }
    const LoadOptions options{
        .seconds = seconds,
        .verify = peer.stores,
        .number = number,
        .serverCpu = [&running] { return running.cpuSeconds(); },
        .environment = environmentOf(peer, wire.tls)};
    const auto run = workload.generator == Generator::raw ? runLoad
                                                          : runPackagedClient;
    const Result<Loaded> loaded = run(running.endpoint(), image, workload,
                                      options);
    if (!loaded)
    {
        return tl::unexpected(loaded.error());
    }
    if (workload.measure == Measure::memory)
    {
        return Sample{.value = static_cast<double>(running.residentBytes()),
                      .checked = loaded->checked};
    }
    const auto units = static_cast<double>(
        workload.measure == Measure::bandwidth ? loaded->bytes
                                               : loaded->requests);
    return Sample{.value = units / loaded->seconds,
                  .cpuSeconds = loaded->cpuSeconds / units,
                  .checked = loaded->checked,
                  .cipher = loaded->cipher};
}

} // namespace bench
