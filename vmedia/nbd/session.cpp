// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "execution.hpp"
#include "handshake.hpp"
#include "tapped_stream.hpp"

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

template <typename T>
using Task = asio::awaitable<Result<T>>;

/// From here on a copy costs more than the call that spares it.
constexpr size_t longPayload = 32 << 10;

class Session
{
  public:
    Session(Stream& peer, Catalogue& offer, Traffic& counters,
            const SessionOptions& with) :
        stream(peer), catalogue(offer), traffic(counters), options(with),
        deviation(with.deviation),
        input(peer, [this] { return execution->collect(); }),
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
        execution.emplace(stream, input, *catalogue.data.at(index), terms,
                          traffic, options, deviation);
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
            if (execution->isFull() || input.available() < headerSize)
            {
                const Result<void> sent = co_await execution->sendBatch();
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
                    // It may still read ("shutdown(SHUT_WR)").
                    co_await execution->finishAll();
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
                const Result<void> sent = co_await execution->finishAll();
                if (!sent)
                {
                    co_return during("reply", sent.error());
                }
                co_return SessionEnd::disconnected;
            }
            const Result<void> done = co_await execution->carryOut(*command,
                                                                   todo);
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

    Stream& stream;
    Catalogue& catalogue;
    Traffic& traffic;
    const SessionOptions& options;
    Deviation deviation; ///< a copy: its hooks may keep state
    Input input;
    Negotiator negotiator;
    std::optional<Execution> execution{}; ///< of what negotiation agreed on
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
