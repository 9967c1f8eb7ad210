// SPDX-License-Identifier: Apache-2.0
#include "relay_load.hpp"

#include "stop.hpp"
#include "stream_check.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <random>
#include <semaphore>
#include <thread>

namespace bench
{

using vmedia::Errc;
using vmedia::fail;
using vmedia::Result;
using Clock = std::chrono::steady_clock;
namespace ws = conformance::ws;

namespace
{

constexpr size_t bufferBytes = 128UL * 1024; // stays in the second-level cache
constexpr int silenceMs = 10'000;
constexpr size_t different = 3;              // messages: one that is lost shows

double ownCpuSeconds()
{
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_nsec) / 1e9;
}

/// What is sent, and what has to arrive.
struct Messages
{
    std::vector<Bytes> sent;
    std::vector<Bytes> wanted;
};

Messages makeMessages(const RelayWorkload& workload, bool framed, uint64_t seed)
{
    std::mt19937_64 random(seed);
    Messages messages;
    for (size_t i = 0; i < different; ++i)
    {
        ws::Frame frame{.payload = Bytes(workload.message),
                        .mask = ws::randomMask(random)};
        for (size_t at = 0; at + sizeof(uint64_t) <= workload.message;
             at += sizeof(uint64_t))
        {
            const uint64_t word = random();
            std::memcpy(frame.payload.data() + at, &word, sizeof(word));
        }
        if (workload.direction == Direction::up)
        {
            messages.sent.push_back(ws::encode(frame));
            messages.wanted.push_back(framed ? std::move(frame.payload)
                                             : messages.sent.back());
        }
        else
        {
            messages.sent.push_back(frame.payload);
            messages.wanted.push_back(std::move(frame.payload));
        }
    }
    return messages;
}

tl::unexpected<vmedia::Error> failEnd(int error)
{
    return error == EINTR ? fail(Errc::cancelled, "stopped by a signal")
                          : vmedia::failErrno(error, "the relay's other end");
}

/// Waits until @p descriptor, which does not block, has something or takes it.
Result<void> await(int descriptor, short events)
{
    pollfd one{descriptor, events, 0};
    const int count = ::poll(&one, 1, silenceMs);
    if (count == 0)
    {
        return fail(
            Errc::timeout,
            fmt::format("the relay moved nothing for {} ms", silenceMs));
    }
    return count > 0 ? Result<void>{} : failEnd(errno);
}

Result<void> writeAll(int descriptor, ByteView bytes)
{
    while (!bytes.empty())
    {
        const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
        if (n >= 0)
        {
            bytes = bytes.subspan(static_cast<size_t>(n));
        }
        else if (errno != EAGAIN)
        {
            return failEnd(errno);
        }
        else if (Result<void> takes = await(descriptor, POLLOUT); !takes)
        {
            return takes;
        }
    }
    return {};
}

Result<size_t> readSome(int descriptor, std::span<std::byte> into)
{
    while (true)
    {
        const ssize_t n = ::read(descriptor, into.data(), into.size());
        if (n > 0)
        {
            return static_cast<size_t>(n);
        }
        if (n == 0)
        {
            return fail(Errc::closedByPeer, "the relay closed its other end");
        }
        if (errno != EAGAIN)
        {
            return failEnd(errno);
        }
        if (Result<void> has = await(descriptor, POLLIN); !has)
        {
            return tl::unexpected(has.error());
        }
    }
}

/// A thread that sends a message for each permit.
class Sender
{
  public:
    using Send = std::function<Result<void>(ByteView)>;

    Sender(std::span<const Bytes> m, Send s, std::function<void()> f) :
        messages(m), send(std::move(s)), failed(std::move(f)),
        thread([this] { run(); })
    {}
    Sender(const Sender&) = delete;
    ~Sender()
    {
        stop();
    }

    void permit(uint64_t count)
    {
        if (count > 0)
        {
            permits.release(static_cast<ptrdiff_t>(count));
        }
    }

    /// Gives why it failed, if it did.
    Result<void> stop()
    {
        stopping = true;
        if (thread.joinable())
        {
            permits.release();
            thread.join();
        }
        return outcome;
    }

  private:
    void run()
    {
        // Signals are the receiver's, and SIGPIPE is an error here.
        sigset_t all;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
        for (uint64_t number = 0; outcome; ++number)
        {
            permits.acquire();
            if (stopping)
            {
                return;
            }
            outcome = send(messages[number % messages.size()]);
        }
        failed();
    }

    std::span<const Bytes> messages;
    Send send;
    std::function<void()> failed;
    std::counting_semaphore<> permits{0};
    std::atomic<bool> stopping = false;
    Result<void> outcome{};
    std::thread thread; // the last: it uses the others
};

/// The span of time that counts, and what it cost.
class Meter
{
  public:
    Meter(const RelayServer& s, double wanted) :
        server(s), seconds(wanted), warm(std::min(0.1, wanted / 5)),
        started(Clock::now())
    {}

    /// @p bytes have arrived so far; true once enough time has passed.
    bool enough(uint64_t bytes)
    {
        const auto now = Clock::now();
        const std::chrono::duration<double> passed = now - started;
        if (!begun)
        {
            if (passed.count() >= warm)
            {
                begun = true;
                started = Clock::now();
                loaded.bytes = bytes;
                loaded.cpuSeconds = server.cpuSeconds();
                loaded.loadCpuSeconds = ownCpuSeconds();
            }
            return false;
        }
        if (passed.count() < seconds)
        {
            return false;
        }
        loaded.seconds = passed.count();
        loaded.bytes = bytes - loaded.bytes;
        loaded.cpuSeconds = server.cpuSeconds() - loaded.cpuSeconds;
        loaded.loadCpuSeconds = ownCpuSeconds() - loaded.loadCpuSeconds;
        return true;
    }

    RelayLoaded result() const
    {
        return loaded;
    }

  private:
    const RelayServer& server;
    double seconds;
    double warm;
    Clock::time_point started;
    bool begun = false;
    RelayLoaded loaded{};
};

} // namespace

Result<RelayLoaded> runRelayLoad(RelayServer& server,
                                 const RelayWorkload& workload, bool framed,
                                 double seconds, uint64_t seed)
{
    const bool up = workload.direction == Direction::up;
    const Messages messages = makeMessages(workload, framed, seed);
    StreamCheck check(messages.wanted);
    FrameReader frames;
    const auto take = [&](ByteView got) -> Result<void> {
        if (up || !framed)
        {
            return check.take(got);
        }
        while (true)
        {
            const Result<ByteView> part = frames.next(got);
            if (!part)
            {
                return tl::unexpected(part.error());
            }
            if (part->empty())
            {
                return {};
            }
            if (Result<void> right = check.take(*part); !right)
            {
                return right;
            }
        }
    };
    Channel& client = server.webSocket();
    const auto hangUp = [&server, &client] {
        ::shutdown(client.descriptor(), SHUT_RDWR);
        ::shutdown(server.input(), SHUT_RDWR); // a pipe has none
        ::shutdown(server.output(), SHUT_RDWR);
    };
    const Sender::Send send = [&](ByteView bytes) {
        return up ? client.send(bytes) : writeAll(server.output(), bytes);
    };
    Meter meter(server, seconds);
    std::vector<std::byte> buffer(bufferBytes);
    Sender sender(messages.sent, send, hangUp);
    sender.permit(workload.depth);
    uint64_t allowed = workload.depth;
    Result<void> outcome{};
    for (bool over = false; outcome && check.done() < allowed;)
    {
        const uint64_t before = check.done();
        const Result<size_t> size = up ? readSome(server.input(), buffer)
                                       : client.receive(buffer);
        outcome = size ? take(std::span(buffer).first(*size))
                       : tl::unexpected(size.error());
        if (stopWanted())
        {
            outcome = fail(Errc::cancelled, "stopped by a signal");
        }
        over = over || meter.enough(check.bytes());
        if (!over) // else what is on its way arrives, and no more
        {
            allowed += check.done() - before;
            sender.permit(check.done() - before);
        }
    }
    if (!outcome)
    {
        hangUp();
    }
    if (Result<void> sent = sender.stop(); !sent && outcome)
    {
        outcome = sent;
    }
    if (!outcome)
    {
        return tl::unexpected(outcome.error());
    }
    RelayLoaded loaded = meter.result();
    loaded.checked = check.checked();
    return loaded;
}

} // namespace bench
