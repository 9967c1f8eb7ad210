// SPDX-License-Identifier: Apache-2.0
#include "packaged_client.hpp"

#include "program.hpp"
#include "vmedia/process/search.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include <cmath>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;

namespace
{

constexpr std::chrono::seconds patience{60}; // beyond what the run has to take

} // namespace

PackagedClient clientOf(Generator generator)
{
    return generator == Generator::nbdcopy
               ? PackagedClient{"nbdcopy", "libnbd-bin"}
               : PackagedClient{"fio", "fio"};
}

Result<Loaded> parseFio(std::string_view output)
{
    // fio may say things of its own before the JSON.
    const size_t start = output.find('{');
    boost::system::error_code error;
    const auto parsed = boost::json::parse(
        output.substr(std::min(start, output.size())), error);
    const auto unreadable = [] {
        return fail(Errc::child, "fio printed no JSON with jobs[0].read",
                    "run fio by hand with --output-format=json");
    };
    if (error)
    {
        return unreadable();
    }
    const auto* read = parsed.find_pointer("/jobs/0/read", error);
    if (read == nullptr || !read->is_object())
    {
        return unreadable();
    }
    const auto number = [&](std::string_view key) {
        const auto* value = read->get_object().if_contains(key);
        boost::system::error_code none;
        return value == nullptr ? 0 : value->to_number<double>(none);
    };
    Loaded loaded;
    loaded.requests = static_cast<uint64_t>(number("total_ios"));
    loaded.bytes = static_cast<uint64_t>(number("io_bytes"));
    loaded.seconds = number("runtime") / 1000;
    if (loaded.requests == 0 || loaded.seconds == 0)
    {
        return fail(Errc::child, "fio says that it read nothing");
    }
    return loaded;
}

Result<Loaded> runPackagedClient(const Endpoint& endpoint, const Image& image,
                                 const Workload& workload,
                                 const LoadOptions& options)
{
    const PackagedClient client = clientOf(workload.generator);
    const auto program = vmedia::process::findProgram(client.program,
                                                      client.package);
    if (!program)
    {
        return tl::unexpected(program.error());
    }
    const bool copies = workload.generator == Generator::nbdcopy;
    std::vector<std::string> argv{*program};
    if (copies)
    {
        argv.insert(argv.end(), {fmt::format("--requests={}", workload.depth),
                                 "--connections=1", endpoint.uri(), "null:"});
    }
    else
    {
        const auto ms = static_cast<uint64_t>(std::ceil(options.seconds * 1e3));
        argv.insert(
            argv.end(),
            {"--name=bench", "--ioengine=nbd", "--uri=" + endpoint.uri(),
             "--rw=randread", fmt::format("--bs={}", workload.block),
             fmt::format("--iodepth={}", workload.depth),
             fmt::format("--size={}", image.half()),
             fmt::format("--randseed={}", image.seed() + options.number),
             "--time_based", fmt::format("--runtime={}ms", ms),
             "--output-format=json"});
    }
    const double cpuBefore = options.serverCpu();
    const auto limit =
        std::chrono::seconds(static_cast<int64_t>(options.seconds)) + patience;
    const Result<Ended> ended = runProgram(argv, limit, options.environment);
    if (!ended)
    {
        return tl::unexpected(ended.error());
    }
    if (ended->status != 0)
    {
        return fail(Errc::child,
                    fmt::format("{} ended with {}: {}", client.program,
                                ended->status, lastLineOf(ended->output)));
    }
    Result<Loaded> loaded =
        copies
            ? Result<Loaded>(Loaded{.seconds = ended->seconds,
                                    .requests = image.size() / workload.block,
                                    .bytes = image.size()})
            : parseFio(ended->output);
    if (loaded)
    {
        loaded->cpuSeconds = options.serverCpu() - cpuBefore;
    }
    return loaded;
}

} // namespace bench
