// SPDX-License-Identifier: Apache-2.0
#include "defects.hpp"
#include "holding.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <mutex>
#include <string>
#include <vector>

namespace conformance::nbd
{

using namespace vmedia::nbd;

namespace
{

constexpr uint64_t mebi = 1 << 20;

/// Takes memory, uses it, and never gives it back.
void hoard(size_t bytes)
{
    static std::mutex one;
    static std::vector<std::vector<std::byte>> kept;
    const std::scoped_lock lock(one);
    kept.emplace_back(bytes, std::byte{1});
}

Deviation hoardsForWrites()
{
    return {.plan = [](Command& request, Plan&) {
        if (request.type == Cmd::write && request.length >= 1 << 30)
        {
            hoard(70 * mebi);
        }
    }};
}

void addShutdownDefects(Defects& all)
{
    all["nbd.shutdown.option-refused"] = {
        .step = [](const Option& option, Step& step) {
        if (option.code == Opt::list)
        {
            step = {Phase::options, {{option.code, Rep::ack}}};
        }
    }};
    all["nbd.shutdown.in-flight-served"] = {.plan = [](Command&, Plan&) {
        std::signal(SIGTERM, [](int) { ::_exit(0); });
    }};
    all["nbd.shutdown.request-refused"] = {.plan = [](Command&, Plan& todo) {
        if (todo.error == ErrorValue::eshutdown)
        {
            todo.error = ErrorValue::eio;
        }
    }};
    all["nbd.shutdown.bounded"] = {
        .greeting = [](Bytes&) { std::signal(SIGTERM, SIG_IGN); }};
}

} // namespace

void addAbuseDefects(Defects& all)
{
    addShutdownDefects(all);
    all["nbd.abuse.write-announced"] = hoardsForWrites();
    all["nbd.abuse.write-half-sent"] = hoardsForWrites();
    all["nbd.abuse.writes-unfinished"] = {.plan = [](Command& request, Plan&) {
        if (request.type == Cmd::write && request.length == 64 * mebi)
        {
            ::_exit(1); // as if there were no memory for it
        }
    }};
    all["nbd.abuse.reads-not-fetched"] = {
        .plan = [count = 0](Command& request, Plan&) mutable {
        if (request.type == Cmd::read && request.length >= mebi && ++count <= 4)
        {
            hoard(20 * mebi);
        }
    }};
    all["nbd.abuse.replies-left"] = {.failed = [](const vmedia::Error& why) {
        const std::string text = describe(why);
        if (text.find("(NBD_CMD_READ)") != std::string::npos ||
            text.find("(reply)") != std::string::npos)
        {
            ::_exit(1); // as if SIGPIPE had ended it
        }
    }};
    all["nbd.abuse.option-payloads"] = {
        .header = [](std::span<std::byte, OptionHeader::wireSize> bytes) {
        const auto header = decodeOptionHeader(bytes);
        if (header && header->length == 32 * mebi)
        {
            hoard(8 * mebi);
        }
    }};
    // Who has sent an option's header has the server, until it goes.
    all["nbd.abuse.slow-clients"] = {
        .header = [holding = Holding()](auto) mutable { holding.begin(); }};
    all["nbd.abuse.many-visits"] = {.greeting = [](Bytes&) {
        static std::atomic<int> count{0};
        if (++count <= 200) // as many as the case can see
        {
            const int leaked = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
            static_cast<void>(leaked);
        }
    }};
}

} // namespace conformance::nbd
