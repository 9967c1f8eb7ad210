// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

template <typename T>
using Task = asio::awaitable<Result<T>>;

/// Replies that wait to be sent together.
constexpr size_t batchBytes = 4 << 20;

class Session
{
  public:
    Session(Stream& peer, Catalogue& offer, Traffic& counters,
            const SessionOptions& with) :
        stream(peer), catalogue(offer), traffic(counters), options(with),
        deviation(with.deviation), input(peer),
        negotiator(offer.infos, with.negotiation)
    {}

    Task<SessionEnd> run()
    {
        Result<Phase> negotiated = co_await negotiate();
        if (!negotiated)
        {
            co_return tl::unexpected(negotiated.error());
        }
        if (*negotiated == Phase::closed)
        {
            co_return SessionEnd::aborted;
        }
        co_return co_await transmit();
    }

  private:
    Task<Phase> negotiate()
    {
        Bytes greeting = Negotiator::greeting();
        if (deviation.greeting)
        {
            deviation.greeting(greeting);
        }
        if (Result<void> sent = co_await send(greeting); !sent)
        {
            co_return during("greeting", sent.error());
        }
        Result<ByteView> flagBytes = co_await input.take(4);
        if (!flagBytes)
        {
            co_return during("client flags", flagBytes.error());
        }
        const uint32_t flags = Reader{*flagBytes}.u32();
        Phase phase = negotiator.onClientFlags(flags);
        if (deviation.clientFlags)
        {
            deviation.clientFlags(flags, phase);
        }
        if (phase == Phase::closed)
        {
            co_return fail(Errc::protocol,
                           fmt::format("client flags {:#x} hold a flag that "
                                       "was not offered",
                                       flags));
        }
        for (uint32_t number = 1; phase == Phase::options; ++number)
        {
            Result<Phase> next = co_await haggle();
            if (!next)
            {
                co_return during(fmt::format("option {}", number),
                                 next.error());
            }
            phase = *next;
        }
        co_return phase;
    }

    Task<Phase> haggle()
    {
        Result<ByteView> bytes = co_await input.take(OptionHeader::wireSize);
        if (!bytes)
        {
            co_return tl::unexpected(bytes.error());
        }
        std::array<std::byte, OptionHeader::wireSize> headerBytes{};
        std::ranges::copy(*bytes, headerBytes.begin());
        if (deviation.header)
        {
            deviation.header(headerBytes);
        }
        const Decoded<OptionHeader> header = decodeOptionHeader(headerBytes);
        if (!header)
        {
            co_return fail(Errc::protocol,
                           "the client sent no IHAVEOPT before its option");
        }
        Step step;
        switch (negotiator.onHeader(*header))
        {
            case Negotiator::Data::giveUp:
                co_return fail(Errc::protocol,
                               fmt::format("{} with {} bytes of data is more "
                                           "than this server takes",
                                           nameOf(header->option),
                                           header->length));
            case Negotiator::Data::skip:
                if (auto done = co_await input.skip(header->length); !done)
                {
                    co_return tl::unexpected(done.error());
                }
                step = negotiator.onSkipped(header->option);
                deviate({header->option, {}}, step);
                break;
            case Negotiator::Data::keep:
                Result<ByteView> data = co_await input.take(header->length);
                if (!data)
                {
                    co_return tl::unexpected(data.error());
                }
                step = negotiator.on({header->option, *data});
                deviate({header->option, *data}, step);
                break;
        }
        const Result<void> sent = co_await send(toBytes(step));
        if (step.next == Phase::closed)
        {
            // Before `sent`: a client may abort and hang up without reading
            // our ACK ("NBD_OPT_ABORT (2)"). That is no failure of ours.
            if (header->option == Opt::abort)
            {
                co_return Phase::closed;
            }
            co_return fail(Errc::protocol,
                           header->option == Opt::exportName
                               ? "the client named an export that does not "
                                 "exist"
                               : "a client without C_FIXED_NEWSTYLE may only "
                                 "send NBD_OPT_EXPORT_NAME");
        }
        if (!sent)
        {
            co_return tl::unexpected(sent.error());
        }
        co_return step.next;
    }

    void deviate(const Option& option, Step& step) const
    {
        if (deviation.step)
        {
            deviation.step(option, step);
        }
    }

    static Bytes toBytes(const Step& step)
    {
        Bytes out;
        for (const OptionReply& reply : step.replies)
        {
            append(out, encode(OptionReplyHeader{
                            reply.option, reply.type,
                            static_cast<uint32_t>(reply.data.size())}));
            append(out, reply.data);
        }
        append(out, step.raw);
        return out;
    }

    Task<SessionEnd> transmit()
    {
        const ExportInfo* info = negotiator.chosen();
        const auto index = static_cast<size_t>(info - catalogue.infos.data());
        content = catalogue.data.at(index).get();
        if (options.log)
        {
            options.log(fmt::format(
                "NBD negotiated ({}, export '{}', {} bytes, {})",
                nameOf(negotiator.chosenBy()), info->name, info->size,
                (info->flags & readOnly) != 0 ? "read-only" : "writable"));
        }
        while (true)
        {
            // What is finished goes out before we wait for more.
            if (out.size() >= batchBytes ||
                input.available() < Request::wireSize)
            {
                if (Result<void> sent = co_await sendBatch(); !sent)
                {
                    co_return during("reply", sent.error());
                }
            }
            const bool between = input.available() == 0;
            Result<ByteView> bytes = co_await input.take(Request::wireSize);
            if (!bytes)
            {
                if (between && bytes.error().code == Errc::closedByPeer &&
                    input.available() == 0)
                {
                    co_return SessionEnd::closed;
                }
                co_return during("request", bytes.error());
            }
            Decoded<Request> request =
                decodeRequest(bytes->first<Request::wireSize>());
            if (!request)
            {
                co_return fail(Errc::protocol,
                               "the client sent no request magic");
            }
            ++traffic.requests;
            Plan todo = plan(*request, *info, options.transmission);
            if (deviation.plan)
            {
                deviation.plan(*request, todo);
            }
            if (todo.action == Plan::Action::disconnect)
            {
                // "the server MUST handle all outstanding requests"
                if (Result<void> sent = co_await sendBatch(); !sent)
                {
                    co_return during("reply", sent.error());
                }
                co_return SessionEnd::disconnected;
            }
            if (Result<void> done = co_await carryOut(*request, todo); !done)
            {
                co_return during(nameOf(request->type), done.error());
            }
        }
    }

    Task<void> carryOut(const Request& request, const Plan& todo)
    {
        switch (todo.action)
        {
            case Plan::Action::read:
                read(request);
                break;
            case Plan::Action::write:
            {
                payload.resize(request.length);
                auto filled = co_await input.fill(payload);
                if (!filled)
                {
                    co_return filled;
                }
                int error = content->write(payload, request.offset);
                if (error == 0 && (request.flags & commandFua) != 0)
                {
                    error = content->flush();
                }
                if (error == 0)
                {
                    traffic.writtenBytes += request.length;
                }
                reply(request, toErrorValue(error));
                break;
            }
            case Plan::Action::flush:
                reply(request, toErrorValue(content->flush()));
                break;
            case Plan::Action::refuse:
                if (auto skipped = co_await input.skip(todo.skip); !skipped)
                {
                    co_return skipped;
                }
                reply(request, todo.error);
                break;
            case Plan::Action::disconnect:
            case Plan::Action::giveUp:
                co_return fail(Errc::protocol,
                               fmt::format("a request of {} bytes is more "
                                           "than this server takes",
                                           request.length));
        }
        co_return Result<void>{};
    }

    void read(const Request& request)
    {
        const size_t at = out.size();
        out.resize(at + SimpleReply::wireSize + request.length);
        const int error = content->read(
            std::span(out).subspan(at + SimpleReply::wireSize), request.offset);
        if (error != 0)
        {
            out.resize(at); // an error reply carries no data
            reply(request, toErrorValue(error));
            return;
        }
        traffic.readBytes += request.length;
        const auto header =
            encode(SimpleReply{ErrorValue::none, request.cookie});
        std::copy(header.begin(), header.end(),
                  out.begin() + static_cast<std::ptrdiff_t>(at));
    }

    void reply(const Request& request, ErrorValue error)
    {
        append(out, encode(SimpleReply{error, request.cookie}));
    }

    Task<void> sendBatch()
    {
        if (out.empty())
        {
            co_return Result<void>{};
        }
        Result<void> sent = co_await send(out);
        out.clear();
        co_return sent;
    }

    Task<void> send(ByteView bytes)
    {
        const asio::const_buffer buffer(bytes.data(), bytes.size());
        co_return co_await stream.write(std::span(&buffer, 1));
    }

    Stream& stream;
    Catalogue& catalogue;
    Traffic& traffic;
    const SessionOptions& options;
    Deviation deviation; ///< a copy: its hooks may keep state
    Input input;
    Negotiator negotiator;
    exports::Export* content = nullptr;
    Bytes out;     ///< replies that wait to be sent
    Bytes payload; ///< of the write in hand
};

} // namespace

void Catalogue::add(std::string name, exports::ExportPointer content)
{
    const exports::Abilities can = content->abilities();
    uint16_t flags = hasFlags;
    const auto advertise = [&flags](bool on, uint16_t flag) {
        flags = on ? static_cast<uint16_t>(flags | flag) : flags;
    };
    advertise(!can.write, readOnly);
    advertise(can.flush, sendFlush | sendFua);
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
