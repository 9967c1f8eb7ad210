// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "server_engine.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>

namespace conformance::ws
{

using vmedia::nbd::append;
using vmedia::nbd::Bytes;
using vmedia::nbd::ByteView;
using namespace std::chrono_literals;

namespace
{

constexpr size_t windowMax = 256 << 10;
/// Of an end: all is sent; the program behind is down; the client's FIN came.
constexpr auto flushTime = 1s;
constexpr auto backendTime = 700ms;
constexpr auto lingerTime = 1s;

Terms claiming(Terms terms, Slots& slots, std::string& slot)
{
    terms.admission.claim = [&slots, &slot](const std::string& path) {
        if (!slots.claim(path))
        {
            return false;
        }
        slot = path;
        return true;
    };
    return terms;
}

std::string_view wordOf(Why why)
{
    switch (why)
    {
        case Why::refused:
            return "refused";
        case Why::closed:
            return "closed";
        case Why::failed:
            return "failed";
        case Why::noAnswer:
            return "given up";
        case Why::vanished:
            return "vanished";
    }
    return "?";
}

/// What a server that forgets to give back would have piled up.
void leak(const Deviation& deviation)
{
    static std::mutex mutex;
    static std::vector<Bytes> kept;
    if (deviation.leaksDescriptors)
    {
        ::dup(STDERR_FILENO);
    }
    if (deviation.leaksMemory)
    {
        const std::lock_guard lock(mutex);
        kept.emplace_back(windowMax, std::byte{1});
    }
}

} // namespace

Session::Session(int socket, const Setup& all, int nth) :
    setup(all), number(nth),
    engine(std::make_unique<ServerEngine>(claiming(all.terms, *all.slots, slot),
                                          all.deviation)),
    link(socket, all.tls)
{}

Session::Session(int socket, const Setup& all, int nth,
                 std::unique_ptr<Engine> client, std::string_view name) :
    setup(all), number(nth), engine(std::move(client)),
    link(socket, all.tls, name)
{
    if (!all.deviation.callsNobody)
    {
        link.announce(std::string(name));
    }
}

void Session::run()
{
    wind(); // a client speaks first
    while (isGoing())
    {
        turn();
    }
    if (!engine->isOver())
    {
        engine->ended(); // by a RST, which nothing was read of
        wind();
    }
    leak(engine->deviation());
    finish();
}

/// Until the engine is done and all it said is sent.
bool Session::isGoing() const
{
    return !gone && !engine->isOver();
}

int Session::pollTime()
{
    const Deadline now = engine->deadline();
    if (now.turn != seen.turn)
    {
        due = Clock::now() + now.after;
    }
    seen = now;
    if (link.holdsInput() && toBackend.size() < windowMax)
    {
        return 0;
    }
    if (now.what == Deadline::What::none)
    {
        return -1;
    }
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3600000));
}

void Session::turn()
{
    const bool roomToLink = toLink.size() < windowMax ||
                            engine->deviation().takesAllOutput;
    const bool reads = toBackend.size() < windowMax &&
                       toLink.size() < windowMax;
    const auto wants = [](bool in, bool out) {
        return static_cast<short>((in ? POLLIN : 0) | (out ? POLLOUT : 0));
    };
    std::array<pollfd, 3> watched{
        pollfd{stopping ? -1 : setup.stop, POLLIN, 0},
        pollfd{link.descriptor(),
               wants(reads, !toLink.empty() || link.wantsWrite()), 0},
        pollfd{backend ? backend->descriptor() : -1,
               wants(roomToLink, !toBackend.empty()), 0}};
    if (backend && watched[2].events == 0)
    {
        watched[2].fd = -1; // its end can wait
    }
    if (::poll(watched.data(), watched.size(), pollTime()) < 0)
    {
        return; // EINTR
    }
    if (seen.what != Deadline::What::none && Clock::now() >= due)
    {
        engine->expired();
    }
    if (watched[0].revents != 0)
    {
        stopping = true;
        engine->close(1001, "the server stops");
    }
    if (reads && (watched[1].revents != 0 || link.holdsInput()))
    {
        readLink();
    }
    else if ((watched[1].revents & (POLLERR | POLLHUP)) != 0)
    {
        gone = true; // it cannot be read, for nothing is taken: RST
    }
    if (backend && watched[2].revents != 0)
    {
        Bytes piece;
        const bool goesOn = (watched[2].revents & POLLOUT) == 0 ||
                            toBackend.empty() || backend->write(toBackend);
        const bool more = !roomToLink || backend->read(piece);
        if (!piece.empty())
        {
            engine->sendData(piece);
        }
        if (!more || !goesOn)
        {
            backendEnded();
        }
    }
    wind();
}

/// What the engine has to say goes where it belongs.
void Session::wind()
{
    for (Event& event : engine->takeEvents())
    {
        handle(std::move(event));
    }
    append(toLink, ByteView(engine->takeOutput()));
    if (engine->deviation().stallsUnread && toLink.size() > windowMax)
    {
        gone = true;
    }
    if (engine->deviation().lag.count() > 0 && !toLink.empty())
    {
        std::this_thread::sleep_for(engine->deviation().lag);
    }
    gone = gone || !link.write(toLink);
}

void Session::readLink()
{
    Bytes piece;
    switch (link.read(piece))
    {
        case Link::Read::some:
            engine->receive(piece);
            break;
        case Link::Read::none:
            break;
        case Link::Read::ended:
            engine->ended();
            break;
        case Link::Read::broken:
            engine->ended();
            gone = true;
            break;
    }
}

void Session::handle(Event event)
{
    switch (event.kind)
    {
        case Event::Kind::opened:
            open(event.words);
            break;
        case Event::Kind::data:
        case Event::Kind::text:
            take(event.bytes);
            break;
        case Event::Kind::over:
            code = event.code;
            if (setup.settled)
            {
                setup.settled();
            }
            fmt::print(stderr, "client {}: {}{}{}\n", number, wordOf(event.why),
                       event.code != 0 ? fmt::format(", {}", event.code) : "",
                       event.words.empty() ? ""
                                           : fmt::format(": {}", event.words));
            break;
    }
}

void Session::open(const std::string& which)
{
    path = which;
    if (setup.settled)
    {
        setup.settled();
    }
    if (!setup.command.empty())
    {
        auto started = Backend::start(setup.command);
        if (!started)
        {
            fmt::print(stderr, "client {}: {}\n", number,
                       describe(started.error()));
            engine->close(1011, describe(started.error()));
            return;
        }
        backend = std::move(*started);
    }
    setup.slots->setSink(slot, [this](ByteView bytes) {
        // What a deviation injects: as if this client had sent it.
        const Bytes frame =
            encode({.payload = Bytes(bytes.begin(), bytes.end())});
        const ByteView sent = backend ? bytes : ByteView(frame);
        ::send(backend ? backend->descriptor() : link.descriptor(), sent.data(),
               sent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    });
}

void Session::take(const Bytes& bytes)
{
    if (engine->deviation().injects && slot.empty())
    {
        setup.slots->inject(path, bytes);
    }
    else if (!setup.command.empty())
    {
        append(toBackend, ByteView(bytes));
        if (backend && !backend->write(toBackend))
        {
            toBackend.clear(); // its end is told by its output
        }
    }
    else
    {
        engine->sendData(bytes);
        append(toLink, ByteView(engine->takeOutput()));
    }
}

void Session::backendEnded()
{
    // What it said last is there already: a socket keeps the order.
    const auto status = backend->wait(backendTime);
    setup.slots->setSink(slot, {});
    backend.reset();
    toBackend.clear();
    if (engine->deviation().staysDone)
    {
        return;
    }
    if (status == 0)
    {
        engine->close(1000, "what is behind it has ended");
    }
    else
    {
        engine->close(
            1011, status
                      ? fmt::format("what is behind it ended with {}", *status)
                      : std::string("what is behind it closed its "
                                    "output and went on"));
    }
}

void Session::finish()
{
    const auto waitFor = [this](short events, Clock::time_point end) {
        pollfd one{link.descriptor(), events, 0};
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        return left.count() > 0 &&
               ::poll(&one, 1, static_cast<int>(left.count())) > 0;
    };
    const auto flushed = Clock::now() + flushTime;
    while (!gone && !toLink.empty() && waitFor(POLLOUT, flushed))
    {
        gone = !link.write(toLink);
    }
    if (engine->ending() == Ending::reset)
    {
        link.resetOnClose();
    }
    if (engine->ending() == Ending::fin)
    {
        link.endSending(gone || engine->deviation().skipsCloseNotify);
    }
    setup.slots->setSink(slot, {});
    if (backend)
    {
        const auto taken = Clock::now() + backendTime;
        while (!toBackend.empty() && Clock::now() < taken)
        {
            std::array<pollfd, 1> one{
                pollfd{backend->descriptor(), POLLOUT | POLLIN, 0}};
            Bytes forgotten;
            if (::poll(one.data(), 1, 100) > 0 &&
                (!backend->read(forgotten) || !backend->write(toBackend)))
            {
                break;
            }
        }
        backend->endInput();
        backend->wait(backendTime);
        backend.reset();
    }
    if (!slot.empty() && !(engine->deviation().keepsSlot &&
                           engine->deviation().keepsSlot(engine->why())))
    {
        setup.slots->release(slot);
    }
    linger();
}

/// Closing with bytes unread would be a RST, which could overtake our Close.
void Session::linger()
{
    const bool forEver = engine->ending() == Ending::never;
    const auto end = Clock::now() + lingerTime;
    while (engine->ending() != Ending::reset && (forEver || !gone))
    {
        const auto left = forEver
                              ? std::chrono::milliseconds(-1)
                              : std::chrono::ceil<std::chrono::milliseconds>(
                                    end - Clock::now());
        std::array<pollfd, 2> both{
            pollfd{link.descriptor(), static_cast<short>(gone ? 0 : POLLIN), 0},
            pollfd{setup.stop, POLLIN, 0}};
        if ((!forEver && left.count() <= 0) ||
            ::poll(both.data(), both.size(), static_cast<int>(left.count())) ==
                0 ||
            both[1].revents != 0 || (both[0].revents & POLLERR) != 0)
        {
            return;
        }
        Bytes forgotten;
        const Link::Read read = link.read(forgotten);
        if (read == Link::Read::some && engine->deviation().readsOn)
        {
            engine->receive(forgotten);
            wind();
        }
        gone = gone || read == Link::Read::ended || read == Link::Read::broken;
    }
}

} // namespace conformance::ws
