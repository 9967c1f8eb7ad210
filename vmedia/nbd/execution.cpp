// SPDX-License-Identifier: Apache-2.0
#include "execution.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>

namespace vmedia::nbd
{
namespace asio = boost::asio;

Execution::Execution(Stream& peer, Input& from, exports::Export& data,
                     const Terms& agreed, Traffic& counters,
                     const SessionOptions& with, const Deviation& hooks) :
    stream(peer), input(from), terms(agreed), options(with), deviation(hooks),
    faults(with.faults), reply(agreed.replies, out),
    performer(data, agreed, reply, counters,
              peer.sendsUncopied() && !faults && !deviation.reply),
    maySpread(with.transmission.requests > 1 && !deviation.reply &&
              peer.wakeBy(-1))
{}

Execution::Task<void> Execution::carryOut(Command command, Plan todo)
{
    if (todo.action == Plan::Action::giveUp)
    {
        co_return fail(Errc::protocol,
                       fmt::format("{} bytes of payload are more than "
                                   "this server takes",
                                   command.payload));
    }
    const int into = fileForWrite(command, todo);
    if (into >= 0)
    {
        co_return co_await receiveFile(command, into);
    }
    if (command.payload > 0)
    {
        const Result<void> taken = co_await takePayload(command, todo);
        if (!taken)
        {
            co_return taken;
        }
        if (todo.action == Plan::Action::blockStatus)
        {
            todo = planWithPayload(command, payload, terms);
        }
    }
    else
    {
        payload = {}; // or a write of no bytes stores the last one's
    }
    const exports::Fault fault = faultOf(command, todo);
    const bool delayed = fault.kind == exports::Fault::Kind::delay;
    const bool right = fault.kind == exports::Fault::Kind::none;
    if (maySpread && (delayed || (right && performer.mayWait(command, todo))))
    {
        co_return co_await submit(command, todo, fault.delay);
    }
    if (!right)
    {
        co_return co_await goWrong(command, todo, fault);
    }
    if (todo.action == Plan::Action::read && stream.sendsUncopied() &&
        !deviation.reply)
    {
        const int file = performer.readOrFile(command);
        if (file >= 0)
        {
            co_return co_await sendFile(command, file);
        }
        co_return Result<void>{};
    }
    const size_t from = out.size();
    performer.perform(command, todo, payload);
    if (deviation.reply)
    {
        const ByteView correct = out.bytes().subspan(from);
        Bytes wrong(correct.begin(), correct.end());
        deviation.reply(command, wrong);
        out.shrink(from);
        std::ranges::copy(wrong, out.grow(wrong.size()).begin());
    }
    co_return Result<void>{};
}

/// The file for a long write that has not begun to come; or -1.
int Execution::fileForWrite(const Command& command, const Plan& todo)
{
    const bool may = todo.action == Plan::Action::write &&
                     command.payload <= Stream::receivedMost &&
                     input.available() == 0 && !faults && !deviation.reply &&
                     (!workers || workers->inHand() == 0);
    const int file = may ? performer.fileForWrite(command) : -1;
    return file >= 0 && stream.receivesUncopied() ? file : -1;
}

Execution::Task<void> Execution::receiveFile(const Command& command, int file)
{
    // The payload may wait for what we owe.
    const Result<void> sent = co_await sendBatch();
    if (!sent)
    {
        co_return sent;
    }
    const Result<int> stored = co_await stream.receiveFile(file, command.offset,
                                                           command.payload);
    if (!stored)
    {
        co_return tl::unexpected(stored.error());
    }
    performer.wrote(command, *stored);
    co_return Result<void>{};
}

/// To a thread of its own; the reply is sent when it comes (collect()).
Execution::Task<void> Execution::submit(const Command& command,
                                        const Plan& todo,
                                        std::chrono::microseconds delay)
{
    if (!workers)
    {
        Result<std::unique_ptr<Workers>> made =
            Workers::make(options.transmission.requests);
        if (!made)
        {
            co_return tl::unexpected(made.error());
        }
        workers = std::move(*made);
    }
    const uint64_t bytes = command.payload + (todo.action == Plan::Action::read
                                                  ? command.length
                                                  : 0);
    const Result<void> room = co_await makeRoom(bytes);
    if (!room)
    {
        co_return room;
    }
    // `buffer` is kept for as long as the job needs the payload.
    workers->submit(
        [this, command, todo, delay, data = payload, owner = buffer] {
        if (delay.count() > 0)
        {
            workers->pause(delay);
        }
        Output own;
        ReplyWriter writer(terms.replies, own);
        Performer(performer, writer).perform(command, todo, data);
        return own;
    }, bytes);
    stream.wakeBy(workers->descriptor());
    co_return Result<void>{};
}

/// Waits until @p bytes more may be in hand.
Execution::Task<void> Execution::makeRoom(uint64_t bytes)
{
    const TransmissionLimits& limits = options.transmission;
    while (workers->inHand() >= limits.requests ||
           (workers->inHand() > 0 &&
            workers->bytesInHand() + bytes > limits.inHand))
    {
        const Result<void> sent = co_await sendBatch();
        if (!sent)
        {
            co_return sent;
        }
        const Result<void> collected = co_await waitAndCollect();
        if (!collected)
        {
            co_return collected;
        }
    }
    co_return Result<void>{};
}

/// Sends what the workers have finished.
Execution::Task<void> Execution::collect()
{
    std::vector<Output> replies = workers->take();
    std::vector<asio::const_buffer> parts;
    for (Output& each : replies)
    {
        const auto its = each.parts();
        parts.insert(parts.end(), its.begin(), its.end());
    }
    if (workers->inHand() == 0)
    {
        stream.wakeBy(-1);
    }
    if (parts.empty())
    {
        co_return Result<void>{};
    }
    co_return co_await stream.write(parts);
}

Execution::Task<void> Execution::waitAndCollect()
{
    if (!stream.waitFor(workers->descriptor()))
    {
        co_return fail(Errc::closedByPeer,
                       "the connection ended before the last replies");
    }
    co_return co_await collect();
}

/// Nothing is owed after it.
Execution::Task<void> Execution::finishAll()
{
    Result<void> sent = co_await sendBatch();
    while (sent && workers && workers->inHand() > 0)
    {
        sent = co_await waitAndCollect();
    }
    co_return sent;
}

/// What waits to be sent, the read's header last, and its data uncopied.
Execution::Task<void> Execution::sendFile(const Command& command, int file)
{
    const Result<void> sent = co_await stream.sendFile(
        out.parts(), file, command.offset, command.length);
    out.clear();
    co_return sent;
}

exports::Fault Execution::faultOf(const Command& command, const Plan& todo)
{
    using Kind = exports::Fault::Kind;
    const auto operation = operationOf(todo.action);
    if (!faults || !operation)
    {
        return {};
    }
    const exports::Fault fault = faults->next(*operation, command.offset,
                                              command.length);
    if (options.log && fault.kind != Kind::none &&
        fault.kind != Kind::rate) // which is always
    {
        options.log({FaultMet{std::string(exports::nameOf(fault.kind)),
                              command.type, command.offset, command.length}});
    }
    return fault;
}

/// Answers late, wrongly, in part or not at all, as the fault says.
Execution::Task<void> Execution::goWrong(const Command& command,
                                         const Plan& todo,
                                         const exports::Fault& fault)
{
    using Kind = exports::Fault::Kind;
    // What was answered before this request is none of its business.
    const Result<void> sent = co_await sendBatch();
    if (!sent)
    {
        co_return sent;
    }
    switch (fault.kind)
    {
        case Kind::none:
        case Kind::delay:
            co_await pause(fault.delay);
            performer.perform(command, todo, payload);
            break;
        case Kind::error:
            reply.error(command, toErrorValue(fault.error));
            break;
        case Kind::stall:
            break;
        case Kind::cut:
            co_return fail(Errc::cancelled, "cut, as the fault plan says");
        case Kind::shortReply:
        {
            performer.perform(command, todo, payload);
            out.shrink(std::min<size_t>(out.size(),
                                        SimpleReply::wireSize + fault.keep));
            const Result<void> part = co_await sendBatch();
            if (!part)
            {
                co_return part;
            }
            co_return fail(Errc::cancelled,
                           "cut short, as the fault plan says");
        }
        case Kind::rate:
            performer.perform(command, todo, payload);
            co_await pause(std::chrono::microseconds(
                out.size() * 1'000'000 /
                std::max<uint64_t>(1, fault.bytesPerSecond)));
            break;
    }
    co_return Result<void>{};
}

asio::awaitable<void> Execution::pause(std::chrono::microseconds length)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, length);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

Execution::Task<void> Execution::takePayload(const Command& command,
                                             const Plan& todo)
{
    if (input.available() < command.payload)
    {
        // The payload may wait for what we owe.
        const Result<void> sent = co_await sendBatch();
        if (!sent)
        {
            co_return sent;
        }
    }
    if (todo.action != Plan::Action::write &&
        todo.action != Plan::Action::blockStatus)
    {
        co_return co_await input.skip(command.payload);
    }
    const std::span<std::byte> place = roomFor(command.payload);
    payload = place;
    co_return co_await input.fill(place);
}

/// The last payload's place again, unless a worker still has it.
std::span<std::byte> Execution::roomFor(size_t size)
{
    const bool inUse = buffer.use_count() > 1;
    std::atomic_thread_fence(std::memory_order_acquire);
    if (bufferSize < size || inUse)
    {
        buffer = std::make_shared_for_overwrite<std::byte[]>(size);
        bufferSize = size;
    }
    return {buffer.get(), size};
}

Execution::Task<void> Execution::sendBatch()
{
    if (out.size() == 0)
    {
        co_return Result<void>{};
    }
    Result<void> sent;
    if (out.borrows())
    {
        sent = co_await stream.writeLent(out.parts());
    }
    else
    {
        sent = co_await stream.write(out.parts());
    }
    out.clear();
    co_return sent;
}

} // namespace vmedia::nbd
