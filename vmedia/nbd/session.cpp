// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "handshake.hpp"
#include "input.hpp"
#include "perform.hpp"
#include "tapped_stream.hpp"

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

template <typename T>
using Task = asio::awaitable<Result<T>>;

/// Replies that wait to be sent together. Sixteen of 4 KiB share the cost of a
/// call; with more of them, the client would have nothing to do meanwhile.
constexpr size_t batchBytes = 64 << 10;

/// From here on a copy costs more than the call that spares it.
constexpr size_t longPayload = 32 << 10;

class Session
{
  public:
    Session(Stream& peer, Catalogue& offer, Traffic& counters,
            const SessionOptions& with) :
        stream(peer), catalogue(offer), traffic(counters), options(with),
        deviation(with.deviation), faults(with.faults), input(peer),
        negotiator(offer.infos, with.negotiation, with.tls)
    {}

    Task<SessionEnd> run()
    {
        const Result<Phase> negotiated = co_await shakeHands(
            stream, input, negotiator, deviation, options.stopping);
        if (!negotiated)
        {
            co_return tl::unexpected(negotiated.error());
        }
        if (*negotiated == Phase::closed)
        {
            co_return SessionEnd::aborted;
        }
        begin();
        co_return co_await transmit();
    }

  private:
    void begin()
    {
        const Terms& terms = negotiator.terms();
        const ExportInfo& info = *terms.info;
        const auto index = static_cast<size_t>(&info - catalogue.infos.data());
        reply.emplace(terms.replies, out);
        performer.emplace(*catalogue.data.at(index), terms, *reply, traffic,
                          sendsUncopied() && !faults);
        if (options.negotiated)
        {
            options.negotiated();
        }
        if (options.log)
        {
            options.log({Negotiated{negotiator.chosenBy(), info.name, info.size,
                                    terms.flags}});
        }
    }

    Task<SessionEnd> transmit()
    {
        const bool extended = negotiator.terms().replies == Replies::extended;
        const size_t headerSize = extended ? ExtendedRequest::wireSize
                                           : Request::wireSize;
        while (true)
        {
            // What is finished goes out before we wait for more.
            if (out.size() >= batchBytes || input.available() < headerSize)
            {
                const Result<void> sent = co_await sendBatch();
                if (!sent)
                {
                    co_return during("reply", sent.error());
                }
            }
            const bool between = input.available() == 0;
            const Result<ByteView> bytes = co_await input.take(headerSize);
            if (!bytes)
            {
                if (between && bytes.error().code == Errc::closedByPeer &&
                    input.available() == 0)
                {
                    co_return SessionEnd::closed;
                }
                co_return during("request", bytes.error());
            }
            Decoded<Command> command = decode(*bytes, extended);
            if (!command)
            {
                co_return fail(Errc::protocol,
                               "the client sent no request magic");
            }
            ++traffic.requests;
            // Long writes come in rows.
            input.readAhead(command->payload < longPayload);
            Plan todo = plan(*command, negotiator.terms(),
                             options.transmission);
            if (options.stopping != nullptr && *options.stopping &&
                todo.action != Plan::Action::disconnect &&
                todo.action != Plan::Action::giveUp)
            {
                todo = {Plan::Action::refuse, ErrorValue::eshutdown};
            }
            if (deviation.plan)
            {
                deviation.plan(*command, todo);
            }
            if (todo.action == Plan::Action::disconnect)
            {
                // "the server MUST handle all outstanding requests"
                const Result<void> sent = co_await sendBatch();
                if (!sent)
                {
                    co_return during("reply", sent.error());
                }
                co_return SessionEnd::disconnected;
            }
            const Result<void> done = co_await carryOut(*command, todo);
            if (!done)
            {
                co_return during(nameOf(command->type), done.error());
            }
        }
    }

    static Decoded<Command> decode(ByteView bytes, bool extended)
    {
        if (extended)
        {
            return decodeExtendedRequest(
                       bytes.first<ExtendedRequest::wireSize>())
                .map([](const auto& r) { return Command::of(r); });
        }
        return decodeRequest(bytes.first<Request::wireSize>())
            .map([](const auto& r) { return Command::of(r); });
    }

    Task<void> carryOut(Command command, Plan todo)
    {
        if (todo.action == Plan::Action::giveUp)
        {
            co_return fail(Errc::protocol,
                           fmt::format("{} bytes of payload are more than "
                                       "this server takes",
                                       command.payload));
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
                todo = planWithPayload(command, payload, negotiator.terms());
            }
        }
        else
        {
            payload.clear(); // or a write of no bytes stores the last one's
        }
        const exports::Fault fault = faultOf(command, todo);
        if (fault.kind != exports::Fault::Kind::none)
        {
            co_return co_await goWrong(command, todo, fault);
        }
        if (todo.action == Plan::Action::read && sendsUncopied())
        {
            const int file = performer->fileFor(command);
            if (file >= 0)
            {
                co_return co_await sendFile(command, file);
            }
        }
        const size_t from = out.size();
        performer->perform(command, todo, payload);
        if (deviation.reply)
        {
            const ByteView right = out.bytes().subspan(from);
            Bytes wrong(right.begin(), right.end());
            deviation.reply(command, wrong);
            out.shrink(from);
            std::ranges::copy(wrong, out.grow(wrong.size()).begin());
        }
        co_return Result<void>{};
    }

    /// What is sent so is changed by nobody.
    bool sendsUncopied() const
    {
        return stream.sendsUncopied() && !deviation.reply;
    }

    /// What waits to be sent, the read's header, and its data uncopied.
    Task<void> sendFile(const Command& command, int file)
    {
        performer->beginFile(command);
        const Result<void> sent = co_await stream.sendFile(
            out.parts(), file, command.offset, command.length);
        out.clear();
        co_return sent;
    }

    exports::Fault faultOf(const Command& command, const Plan& todo)
    {
        const auto operation = operationOf(todo.action);
        return faults && operation
                   ? faults->next(*operation, command.offset, command.length)
                   : exports::Fault{};
    }

    static std::optional<exports::Operation> operationOf(Plan::Action action)
    {
        using exports::Operation;
        switch (action)
        {
            case Plan::Action::read:
                return Operation::read;
            case Plan::Action::write:
                return Operation::write;
            case Plan::Action::flush:
                return Operation::flush;
            case Plan::Action::trim:
                return Operation::trim;
            case Plan::Action::cache:
                return Operation::cache;
            case Plan::Action::zero:
                return Operation::zero;
            case Plan::Action::blockStatus:
                return Operation::extents;
            case Plan::Action::refuse:
            case Plan::Action::disconnect:
            case Plan::Action::giveUp:
                return std::nullopt;
        }
        return std::nullopt;
    }

    /// Answers late, wrongly, in part or not at all, as the fault says.
    Task<void> goWrong(const Command& command, const Plan& todo,
                       const exports::Fault& fault)
    {
        using Kind = exports::Fault::Kind;
        if (options.log && fault.kind != Kind::rate) // which is always
        {
            options.log(
                {FaultMet{std::string(exports::nameOf(fault.kind)),
                          command.type, command.offset, command.length}});
        }
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
                performer->perform(command, todo, payload);
                break;
            case Kind::error:
                reply->error(command, toErrorValue(fault.error));
                break;
            case Kind::stall:
                break;
            case Kind::cut:
                co_return fail(Errc::cancelled, "cut, as the fault plan says");
            case Kind::shortReply:
            {
                performer->perform(command, todo, payload);
                out.shrink(std::min<size_t>(out.size(), SimpleReply::wireSize +
                                                            fault.keep));
                const Result<void> part = co_await sendBatch();
                if (!part)
                {
                    co_return part;
                }
                co_return fail(Errc::cancelled,
                               "cut short, as the fault plan says");
            }
            case Kind::rate:
                performer->perform(command, todo, payload);
                co_await pause(std::chrono::microseconds(
                    out.size() * 1'000'000 /
                    std::max<uint64_t>(1, fault.bytesPerSecond)));
                break;
        }
        co_return Result<void>{};
    }

    static asio::awaitable<void> pause(std::chrono::microseconds length)
    {
        asio::steady_timer timer(co_await asio::this_coro::executor, length);
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }

    Task<void> takePayload(const Command& command, const Plan& todo)
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
        payload.resize(command.payload);
        co_return co_await input.fill(payload);
    }

    Task<void> sendBatch()
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

    Stream& stream;
    Catalogue& catalogue;
    Traffic& traffic;
    const SessionOptions& options;
    Deviation deviation; ///< a copy: its hooks may keep state
    std::optional<exports::FaultPlan> faults;
    Input input;
    Negotiator negotiator;
    Output out; ///< replies that wait to be sent
    std::optional<ReplyWriter> reply;
    std::optional<Performer> performer;
    Bytes payload; ///< of the command in hand
};

} // namespace

void Catalogue::add(std::string name, exports::ExportPointer content)
{
    const exports::Abilities can = content->abilities();
    uint16_t flags = hasFlags;
    const auto advertise = [&flags](bool on, int flag) {
        flags = on ? static_cast<uint16_t>(flags | flag) : flags;
    };
    advertise(!can.write, readOnly);
    advertise(can.flush, sendFlush | sendFua);
    advertise(can.write && can.trim, sendTrim);
    advertise(can.write && can.zero, sendWriteZeroes);
    advertise(can.write && can.zero && can.fastZero, sendFastZero);
    advertise(can.cache, sendCache);
    advertise(can.rotational, rotational);
    advertise(can.multiConnection, canMultiConn);
    infos.push_back({std::move(name), {}, content->size(), flags});
    data.push_back(std::move(content));
}

asio::awaitable<Result<SessionEnd>> serve(Stream& stream, Catalogue& catalogue,
                                          Traffic& traffic,
                                          const SessionOptions& options)
{
    if (options.deviation.received)
    {
        TappedStream tapped(stream, options.deviation.received);
        Session session(tapped, catalogue, traffic, options);
        co_return co_await session.run();
    }
    Session session(stream, catalogue, traffic, options);
    co_return co_await session.run();
}

} // namespace vmedia::nbd
