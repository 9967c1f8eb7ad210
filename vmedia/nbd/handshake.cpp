// SPDX-License-Identifier: Apache-2.0
#include "handshake.hpp"

#include <fmt/format.h>

namespace vmedia::nbd
{
namespace asio = boost::asio;

namespace
{

template <typename T>
using Task = asio::awaitable<Result<T>>;

Bytes toBytes(const Step& step)
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

class Handshake
{
  public:
    Handshake(Stream& peer, Input& bytes, Negotiator& decides,
              const Deviation& how, const std::atomic<bool>* stop) :
        stream(peer), input(bytes), negotiator(decides), deviation(how),
        stopping(stop)
    {}

    Task<Phase> run()
    {
        Bytes greeting = Negotiator::greeting();
        if (deviation.greeting)
        {
            deviation.greeting(greeting);
        }
        const Result<void> sent = co_await stream.writeBytes(greeting);
        if (!sent)
        {
            co_return during("greeting", sent.error());
        }
        const Result<ByteView> flagBytes = co_await input.take(4);
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
            const Result<Phase> next = co_await haggle();
            if (!next)
            {
                co_return during(fmt::format("option {}", number),
                                 next.error());
            }
            phase = *next;
        }
        co_return phase;
    }

  private:
    Task<Phase> haggle()
    {
        const Result<ByteView> bytes =
            co_await input.take(OptionHeader::wireSize);
        if (!bytes)
        {
            co_return tl::unexpected(bytes.error());
        }
        std::array<std::byte, OptionHeader::wireSize> own{};
        std::copy(bytes->begin(), bytes->end(), own.begin());
        if (deviation.header)
        {
            deviation.header(own);
        }
        const Decoded<OptionHeader> header = decodeOptionHeader(own);
        if (!header)
        {
            co_return fail(Errc::protocol,
                           "the client sent no IHAVEOPT before its option");
        }
        if (stopping != nullptr && *stopping)
        {
            negotiator.onStopping();
        }
        Result<Step> step = co_await decide(*header);
        if (!step)
        {
            co_return tl::unexpected(step.error());
        }
        const Bytes reply = toBytes(*step);
        const Result<void> sent = co_await stream.writeBytes(reply);
        if (step->next == Phase::closed)
        {
            // Before `sent`: a client may abort and hang up without reading
            // our ACK ("NBD_OPT_ABORT (2)"). That is no failure of ours.
            if (header->option == Opt::abort)
            {
                co_return Phase::closed;
            }
            co_return fail(Errc::protocol,
                           header->option == Opt::exportName
                               ? "the client named an export that it cannot "
                                 "have"
                               : "a client without C_FIXED_NEWSTYLE may only "
                                 "send NBD_OPT_EXPORT_NAME");
        }
        if (!sent)
        {
            co_return tl::unexpected(sent.error());
        }
        if (step->next == Phase::tls)
        {
            co_return co_await startTls();
        }
        co_return step->next;
    }

    /// The option's data, kept or skipped, and what the negotiator says to it.
    Task<Step> decide(const OptionHeader& header)
    {
        const Negotiator::Data data = negotiator.onHeader(header);
        if (data == Negotiator::Data::giveUp)
        {
            co_return fail(Errc::protocol,
                           fmt::format("{} with {} bytes of data is more than "
                                       "this server takes",
                                       nameOf(header.option), header.length));
        }
        if (data == Negotiator::Data::skip)
        {
            const Result<void> done = co_await input.skip(header.length);
            if (!done)
            {
                co_return tl::unexpected(done.error());
            }
            co_return deviated({header.option, {}},
                               negotiator.onSkipped(header.option));
        }
        const Result<ByteView> kept = co_await input.take(header.length);
        if (!kept)
        {
            co_return tl::unexpected(kept.error());
        }
        const Option option{header.option, *kept};
        co_return deviated(option, negotiator.on(option));
    }

    Task<Phase> startTls()
    {
        if (input.available() > 0 && !deviation.executesPlaintext)
        {
            // Plaintext behind STARTTLS: never executed (CVE-2011-0411).
            co_return fail(Errc::protocol,
                           "the client did not wait for the reply to "
                           "NBD_OPT_STARTTLS");
        }
        const Result<void> secured = co_await stream.startTls();
        if (!secured && !deviation.survivesHandshake)
        {
            co_return during("TLS handshake", secured.error());
        }
        if (!deviation.keepsState)
        {
            negotiator.onTlsEstablished();
        }
        co_return Phase::options;
    }

    Step deviated(const Option& option, Step step) const
    {
        if (deviation.step)
        {
            deviation.step(option, step);
        }
        return step;
    }

    Stream& stream;
    Input& input;
    Negotiator& negotiator;
    const Deviation& deviation;
    const std::atomic<bool>* stopping;
};

} // namespace

asio::awaitable<Result<Phase>> shakeHands(Stream& stream, Input& input,
                                          Negotiator& negotiator,
                                          const Deviation& deviation,
                                          const std::atomic<bool>* stopping)
{
    Handshake handshake(stream, input, negotiator, deviation, stopping);
    co_return co_await handshake.run();
}

} // namespace vmedia::nbd
