// SPDX-License-Identifier: Apache-2.0
#include "worker.hpp"

#include "conformance/json_report.hpp"
#include "conformance/run_file.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sstream>
#include <utility>

namespace conformance
{
namespace json = boost::json;

namespace
{

constexpr size_t mostBytes = 16 << 20; // a record has some kilobytes

void sendAll(int line, std::string_view text)
{
    while (!text.empty())
    {
        const ssize_t sent = ::send(line, text.data(), text.size(),
                                    MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
        {
            return; // its end shows when we read
        }
        text.remove_prefix(sent < 0 ? 0 : static_cast<size_t>(sent));
    }
}

/// Waits for more of @p text; false at the end of it.
bool receiveMore(int line, std::string& text)
{
    std::array<char, 1 << 16> piece{};
    ssize_t got = 0;
    do
    {
        got = ::recv(line, piece.data(), piece.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0)
    {
        text.append(piece.data(), static_cast<size_t>(got));
    }
    return got > 0;
}

/// The first line of @p text, which is taken from it.
std::optional<std::string> takeLine(std::string& text)
{
    const size_t end = text.find('\n');
    if (end == text.npos)
    {
        return std::nullopt;
    }
    std::string first = text.substr(0, end);
    text.erase(0, end + 1);
    return first;
}

std::string opened(Suite& suite, const std::vector<Row>& rows, uint64_t seed)
{
    const auto found = suite.open(rows, seed);
    return json::serialize(
        found ? json::object{{"found", *found}}
              : json::object{
                    {"error", vmedia::describe(found.error())},
                    {"usage", found.error().code == vmedia::Errc::usage}});
}

std::string tried(Suite& suite, const Row& row, uint64_t seed)
{
    using Clock = std::chrono::steady_clock;
    Record record = recordOf(row);
    const auto began = Clock::now();
    suite.run(row, seed, record);
    record.seconds =
        std::chrono::duration<double>(Clock::now() - began).count();
    return recordText(record);
}

/// The worker's own process, until nobody gives it orders any more.
[[noreturn]] void work(Suite& suite, const std::vector<Row>& rows, int line)
{
    // A terminal's Ctrl-C is for the first process, which lets us finish.
    ::setpgid(0, 0);
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    std::string received;
    do
    {
        while (const auto order = takeLine(received))
        {
            std::istringstream words(*order);
            std::string what;
            uint64_t seed = 0;
            words >> what >> seed;
            sendAll(line,
                    (what == "open"
                         ? opened(suite, rows, seed)
                         : tried(suite, rows.at(std::stoull(what)), seed)) +
                        '\n');
        }
    } while (receiveMore(line, received));
    suite.close();
    std::exit(0);
}

} // namespace

Worker::Worker(pid_t process, int descriptor) : pid(process), line(descriptor)
{}

vmedia::Result<std::unique_ptr<Worker>>
    Worker::start(Suite& suite, const std::vector<Row>& rows,
                  std::span<const int> others)
{
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    {
        return vmedia::failErrno(errno, "a worker cannot be started");
    }
    // What is not written yet would be written twice.
    std::cout.flush();
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0)
    {
        const int reason = errno;
        ::close(ends[0]);
        ::close(ends[1]);
        return vmedia::failErrno(reason, "a worker cannot be started");
    }
    if (pid == 0)
    {
        // Else the others would not see that the first process has ended.
        for (const int other : others)
        {
            ::close(other);
        }
        ::close(ends[0]);
        work(suite, rows, ends[1]);
    }
    ::close(ends[1]);
    return std::unique_ptr<Worker>(new Worker(pid, ends[0]));
}

Worker::~Worker()
{
    end();
}

void Worker::askToOpen(uint64_t seed)
{
    send(fmt::format("open {}\n", seed));
}

void Worker::askToRun(size_t row, uint64_t seed)
{
    send(fmt::format("{} {}\n", row, seed));
}

void Worker::abandon() const
{
    ::kill(pid, SIGKILL);
}

void Worker::send(std::string_view order) const
{
    sendAll(line, order);
}

vmedia::Result<std::optional<std::string>> Worker::receive()
{
    if (!receiveMore(line, received) || received.size() > mostBytes)
    {
        return vmedia::fail(vmedia::Errc::child,
                            fmt::format("a worker ended with {}", end()));
    }
    return takeLine(received);
}

/// Waits for its end, and tells how that was.
std::string Worker::end()
{
    if (pid == 0)
    {
        return {};
    }
    ::close(line);
    int status = 0;
    while (::waitpid(std::exchange(pid, 0), &status, 0) < 0 && errno == EINTR)
    {}
    return WIFSIGNALED(status) ? fmt::format("signal {} ({})", WTERMSIG(status),
                                             ::strsignal(WTERMSIG(status)))
                               : fmt::format("status {}", WEXITSTATUS(status));
}

vmedia::Result<std::string> parseOpened(std::string_view answer)
{
    const json::object object =
        json::parse({answer.data(), answer.size()}).as_object();
    if (const json::value* found = object.if_contains("found"))
    {
        return std::string(found->as_string());
    }
    return vmedia::fail(object.at("usage").as_bool() ? vmedia::Errc::usage
                                                     : vmedia::Errc::io,
                        std::string(object.at("error").as_string()));
}

vmedia::Result<Record> parseResult(std::string_view answer, const Row& row)
{
    const json::value value = json::parse({answer.data(), answer.size()});
    auto record = readRecord(value);
    if (!record)
    {
        return record;
    }
    if (record->wants != row.wants)
    {
        record->verdict.wanted = record->wants;
    }
    // What it has of the row are views of `value`.
    record->id = row.id;
    record->area = row.area;
    record->spec = row.spec;
    record->says = row.says;
    record->sends = row.sends;
    record->wants = row.wants;
    return record;
}

} // namespace conformance
