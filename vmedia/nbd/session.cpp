// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "handshake.hpp"
#include "input.hpp"
#include "reply.hpp"

#include <fmt/format.h>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

template <typename T>
using Task = asio::awaitable<Result<T>>;

/// Replies that wait to be sent together.
constexpr size_t batchBytes = 1 << 20;

/// Extents told in one reply: "SHOULD NOT send more than 2^20", and 64 Ki of
/// them are as good, for the client asks again from where they end.
constexpr size_t extentsMax = 1 << 16;

class Session
{
  public:
    Session(Stream& peer, Catalogue& offer, Traffic& counters,
            const SessionOptions& with) :
        stream(peer), catalogue(offer), traffic(counters), options(with),
        deviation(with.deviation), input(peer),
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
        content = catalogue.data.at(index).get();
        can = content->abilities();
        reply.emplace(terms.replies, out);
        if (options.negotiated)
        {
            options.negotiated();
        }
        if (options.log)
        {
            options.log(fmt::format(
                "NBD negotiated ({}, export '{}', {} bytes, {})",
                nameOf(negotiator.chosenBy()), info.name, info.size,
                (info.flags & readOnly) != 0 ? "read-only" : "writable"));
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
            Plan todo = plan(*command, negotiator.terms(),
                             options.transmission);
            if (deviation.plan)
            {
                deviation.plan(*command, todo);
            }
            if (options.stopping != nullptr && *options.stopping &&
                todo.action != Plan::Action::disconnect &&
                todo.action != Plan::Action::giveUp)
            {
                todo = {Plan::Action::refuse, ErrorValue::eshutdown};
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

    Task<void> carryOut(const Command& command, const Plan& todo)
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
        }
        switch (todo.action)
        {
            case Plan::Action::read:
                read(command);
                break;
            case Plan::Action::write:
                traffic.writtenBytes +=
                    answer(command, content->write(payload, command.offset));
                break;
            case Plan::Action::flush:
                answer(command, content->flush());
                break;
            case Plan::Action::trim:
                answer(command, content->trim(command.offset, command.length));
                break;
            case Plan::Action::cache:
                answer(command, content->cache(command.offset, command.length));
                break;
            case Plan::Action::zero:
                answer(command, zero(command));
                break;
            case Plan::Action::blockStatus:
                blockStatus(command);
                break;
            case Plan::Action::refuse:
            case Plan::Action::disconnect:
            case Plan::Action::giveUp:
                reply->error(command, todo.error);
                break;
        }
        co_return Result<void>{};
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
        if (todo.action != Plan::Action::write)
        {
            co_return co_await input.skip(command.payload);
        }
        payload.resize(command.payload);
        co_return co_await input.fill(payload);
    }

    /// Replies to what changed content; FUA makes it durable first. Gives the
    /// bytes that it was about, if it succeeded.
    uint64_t answer(const Command& command, int errorNumber)
    {
        if (errorNumber == 0 && (command.flags & commandFua) != 0)
        {
            errorNumber = content->flush();
        }
        if (errorNumber != 0)
        {
            reply->error(command, toErrorValue(errorNumber));
            return 0;
        }
        reply->success(command);
        return command.length;
    }

    int zero(const Command& command)
    {
        const exports::Zeroing how{
            .mayPunch = (command.flags & commandNoHole) == 0,
            .fastOnly = (command.flags & commandFastZero) != 0};
        return content->zero(command.offset, command.length, how);
    }

    void read(const Command& command)
    {
        const auto fill = [this](std::span<std::byte> into, uint64_t offset) {
            return content->read(into, offset);
        };
        const bool mayFragment = negotiator.terms().replies !=
                                     Replies::simple &&
                                 (command.flags & commandDf) == 0;
        extents.clear();
        bool done = false;
        if (mayFragment && can.extents && command.length > 0 &&
            wholeRead(command))
        {
            done = reply->dataAndHoles(command, extents, fill);
        }
        else
        {
            done = reply->data(command, fill);
        }
        if (done)
        {
            traffic.readBytes += command.length;
        }
    }

    /// Fills `extents` with all of the read; false if it is cut too finely to
    /// be worth it, or nothing can be told.
    bool wholeRead(const Command& command)
    {
        constexpr size_t few = 64;
        if (content->extents(command.offset, command.length, few, extents) != 0)
        {
            return false;
        }
        uint64_t covered = 0;
        for (const exports::Extent& extent : extents)
        {
            covered += extent.length;
        }
        return covered == command.length;
    }

    void blockStatus(const Command& command)
    {
        const bool one = (command.flags & commandReqOne) != 0;
        extents.clear();
        const int errorNumber = content->extents(command.offset, command.length,
                                                 one ? 1 : extentsMax, extents);
        if (errorNumber != 0)
        {
            reply->error(command, toErrorValue(errorNumber));
            return;
        }
        reply->blockStatus(command, extents);
    }

    Task<void> sendBatch()
    {
        if (out.size() == 0)
        {
            co_return Result<void>{};
        }
        const Result<void> sent = co_await stream.writeBytes(out.bytes());
        out.clear();
        co_return sent;
    }

    Stream& stream;
    Catalogue& catalogue;
    Traffic& traffic;
    const SessionOptions& options;
    Deviation deviation; ///< a copy: its hooks may keep state
    Input input;
    Negotiator negotiator;
    exports::Export* content = nullptr;
    exports::Abilities can;
    Output out;    ///< replies that wait to be sent
    std::optional<ReplyWriter> reply;
    Bytes payload; ///< of the write in hand
    std::vector<exports::Extent> extents;
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
    Session session(stream, catalogue, traffic, options);
    co_return co_await session.run();
}

} // namespace vmedia::nbd
