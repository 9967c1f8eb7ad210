// SPDX-License-Identifier: Apache-2.0
#include "roofline.hpp"

#include "vmedia/nbd/negotiator.hpp"

#include <sys/epoll.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace bench
{

using vmedia::Result;
using namespace vmedia::nbd;
namespace tls = vmedia::tls;

namespace
{

constexpr size_t inputBytes = 256UL * 1024;
constexpr uint32_t replyMax = 32U << 20; // what a client may ask for
constexpr size_t repliesAtOnce = 500;    // two parts each, and IOV_MAX is 1024

using ReplyHeader = std::array<std::byte, SimpleReply::wireSize>;

/// What all clients share: they are served one after the other.
struct Buffers
{
    // The front is for what the last receive left of a request.
    std::vector<std::byte> input =
        std::vector<std::byte>(Request::wireSize + inputBytes);
    std::vector<std::byte> data; ///< grows to the longest read
    std::vector<ReplyHeader> headers;
    std::vector<iovec> parts;
};

class Client
{
  public:
    explicit Client(Descriptor accepted) : channel(std::move(accepted)) {}

    int descriptor() const
    {
        return channel.descriptor();
    }
    bool hasBuffered() const
    {
        return channel.hasBuffered();
    }
    /// With @p context, TLS is required.
    bool negotiate(const ExportInfo& info,
                   const std::optional<tls::Context>& context);

    /// One receive and the replies to what it brought; false at the end.
    bool serveOnce(Buffers& buffers);

  private:
    bool readAll(std::span<std::byte> into)
    {
        return channel.receiveAll(into).has_value();
    }
    bool write(ByteView bytes)
    {
        return channel.send(bytes).has_value();
    }
    bool flush(Buffers& buffers);
    bool take(ByteView in, Buffers& buffers);

    Channel channel;
    Bytes rest;               ///< the beginning of a request
    uint64_t dataLeft = 0;    ///< of the write that is being received
    uint64_t writeCookie = 0; ///< its cookie
};

bool Client::negotiate(const ExportInfo& info,
                       const std::optional<tls::Context>& context)
{
    Negotiator negotiator{
        std::span(&info, 1), {}, context ? tls::Mode::require : tls::Mode::off};
    std::array<std::byte, 4> flags{};
    if (!write(Negotiator::greeting()) || !readAll(flags) ||
        negotiator.onClientFlags(Reader(flags).u32()) == Phase::closed)
    {
        return false;
    }
    while (true)
    {
        std::array<std::byte, OptionHeader::wireSize> bytes{};
        if (!readAll(bytes))
        {
            return false;
        }
        const auto header = decodeOptionHeader(bytes);
        if (!header || negotiator.onHeader(*header) != Negotiator::Data::keep)
        {
            return false;
        }
        Bytes data(header->length);
        if (!readAll(data))
        {
            return false;
        }
        // Simple replies are all that it can make.
        const bool simple = header->option != Opt::structuredReply &&
                            header->option != Opt::extendedHeaders;
        const Step step =
            simple ? negotiator.on({header->option, data})
                   : Step{.replies = {{header->option, Rep::errUnsup}}};
        Bytes out;
        for (const OptionReply& reply : step.replies)
        {
            append(out, ByteView(encode(OptionReplyHeader{
                            reply.option, reply.type,
                            static_cast<uint32_t>(reply.data.size())})));
            append(out, ByteView(reply.data));
        }
        append(out, ByteView(step.raw));
        if (!write(out) || step.next == Phase::closed)
        {
            return false;
        }
        if (step.next == Phase::tls)
        {
            if (!channel.acceptTls(*context))
            {
                return false;
            }
            negotiator.onTlsEstablished();
        }
        if (step.next == Phase::transmission)
        {
            return true;
        }
    }
}

bool Client::flush(Buffers& buffers)
{
    const bool sent = channel.send(buffers.parts).has_value();
    buffers.parts.clear();
    buffers.headers.clear();
    return sent;
}

/// Answers each request in @p in; keeps the beginning of one that is cut.
bool Client::take(ByteView in, Buffers& buffers)
{
    const auto reply = [&buffers](uint64_t cookie, uint32_t length) {
        buffers.headers.push_back(
            encode(SimpleReply{ErrorValue::none, cookie}));
        ReplyHeader& header = buffers.headers.back();
        buffers.parts.push_back({header.data(), header.size()});
        if (length > 0)
        {
            buffers.parts.push_back({buffers.data.data(), length});
        }
    };
    while (true)
    {
        if (dataLeft > 0)
        {
            const auto n = std::min<uint64_t>(dataLeft, in.size());
            in = in.subspan(n);
            dataLeft -= n;
            if (dataLeft > 0)
            {
                return true;
            }
            reply(writeCookie, 0);
        }
        if (in.size() < Request::wireSize)
        {
            rest.assign(in.begin(), in.end());
            return true;
        }
        const auto request = decodeRequest(in.first<Request::wireSize>());
        in = in.subspan(Request::wireSize);
        if (!request || request->type == Cmd::disc ||
            request->length > replyMax)
        {
            return false;
        }
        const bool reads = request->type == Cmd::read;
        if (reads && request->length > buffers.data.size())
        {
            if (!flush(buffers)) // the parts point into it
            {
                return false;
            }
            buffers.data.resize(request->length);
        }
        if (request->type == Cmd::write && request->length > 0)
        {
            dataLeft = request->length;
            writeCookie = request->cookie;
        }
        else
        {
            reply(request->cookie, reads ? request->length : 0);
        }
        if (buffers.headers.size() >= repliesAtOnce && !flush(buffers))
        {
            return false;
        }
    }
}

bool Client::serveOnce(Buffers& buffers)
{
    const std::span input(buffers.input);
    std::ranges::copy(rest, input.begin());
    const size_t kept = rest.size();
    rest.clear();
    const std::span fresh = input.subspan(kept);
    const Result<size_t> n = channel.receive(fresh);
    if (!n)
    {
        return false;
    }
    const bool more = take(input.first(kept + *n), buffers);
    return flush(buffers) && more;
}

/// All that a client has sent: an epoll tells nothing of what TLS holds.
bool serveAll(Client& client, Buffers& buffers)
{
    bool more = true;
    do
    {
        more = client.serveOnce(buffers);
    } while (more && client.hasBuffered());
    return more;
}

Result<void> serveMany(int listener, const ExportInfo& info,
                       const std::optional<tls::Context>& context,
                       Buffers& buffers)
{
    const Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    const auto watch = [&epoll](int descriptor) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = descriptor;
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event);
    };
    watch(listener);
    std::map<int, std::unique_ptr<Client>> clients;
    while (true)
    {
        std::array<epoll_event, 64> events{};
        const int count = ::epoll_wait(epoll.get(), events.data(),
                                       events.size(), -1);
        if (count < 0)
        {
            return vmedia::failErrno(errno, "epoll");
        }
        for (const auto& event :
             std::span(events).first(static_cast<size_t>(count)))
        {
            const int ready = event.data.fd;
            if (ready == listener)
            {
                auto client = std::make_unique<Client>(Descriptor(
                    ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)));
                if (client->negotiate(info, context))
                {
                    watch(client->descriptor());
                    clients[client->descriptor()] = std::move(client);
                }
            }
            else if (!serveAll(*clients.at(ready), buffers))
            {
                clients.erase(ready);
            }
        }
    }
}

} // namespace

Result<void> runRoofline(const RooflineOptions& options)
{
    const Endpoint endpoint{options.unixSocket.empty() ? Transport::tcp
                                                       : Transport::unixSocket,
                            options.unixSocket, options.port};
    std::optional<tls::Context> context;
    if (!options.pskFile.empty())
    {
        Result<tls::Context> made =
            tls::serverContext({.pskFile = options.pskFile});
        if (!made)
        {
            return tl::unexpected(made.error());
        }
        context = std::move(*made);
    }
    const Result<Descriptor> listener = makeSocket(endpoint);
    if (!listener)
    {
        return tl::unexpected(listener.error());
    }
    if (withAddress(endpoint, listener->get(), ::bind) != 0 ||
        ::listen(listener->get(), SOMAXCONN) != 0)
    {
        return vmedia::failErrno(errno, endpoint.uri());
    }
    const ExportInfo info{"", "", options.size, hasFlags | sendFlush};
    Buffers buffers;
    buffers.headers.reserve(repliesAtOnce + 1); // the parts point into it
    if (options.connections > 1)
    {
        return serveMany(listener->get(), info, context, buffers);
    }
    while (true)
    {
        Client client(Descriptor(
            ::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC)));
        if (client.negotiate(info, context))
        {
            while (client.serveOnce(buffers))
            {}
        }
    }
}

} // namespace bench
