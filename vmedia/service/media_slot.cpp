// SPDX-License-Identifier: Apache-2.0
#include "media_slot.hpp"

#include "make_slot.hpp"
#include "vmedia/error/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <system_error>
#include <utility>
#include <vector>

namespace vmedia::service
{

namespace asio = boost::asio;
using Do = Action::What;
using What = Event::What;
using Clock = std::chrono::steady_clock;

namespace
{

/// Nothing more is told of @p part. What it waits for goes on.
template <typename PartPtr>
void drop(PartPtr& part)
{
    if (part)
    {
        part->forget();
        part.reset();
    }
}

} // namespace

MediaSlot::MediaSlot(asio::any_io_executor e, const Config& c,
                     const MountPoint& p, Journal& journal, DeviceEvents& d,
                     Listener& l) :
    executor(std::move(e)), config(c), point(p), events(d), listener(l),
    shared(std::make_shared<Shared>(c, p, journal)), ledger(shared->ledger),
    device(shared->device), secret(shared->secret), machine(p.mode, p.device),
    timer(executor), seconds(executor)
{
    events.watch(point.device, [this] {
        handle({.what = What::deviceSize, .size = device.size()});
    });
    // Somebody else's medium may be in it. Nobody listens yet.
    machine.on({.what = What::deviceSize, .size = device.size()});
}

MediaSlot::Shared::Shared(const Config& c, const MountPoint& p,
                          Journal& journal) :
    ledger(journal, journalFile(c), p.name), device(c.roots, p.device),
    secret(ledger, fmt::format("{}/{}.secret", c.roots.runDirectory, p.name))
{}

MediaSlot::~MediaSlot()
{
    events.unwatch(point.device);
    drop(share);
    drop(server);
    drop(client);
    drop(drive);
}

const MountPoint& MediaSlot::mountPoint() const
{
    return point;
}

Slot::View MediaSlot::view() const
{
    View view{.mount = machine.properties()};
    if (view.mount.active)
    {
        const NbdDevice::Count count = activity.count(device.count());
        view.readIo = count.reads;
        view.writeIo = count.writes;
        view.remaining = activity.remaining();
    }
    return view;
}

int MediaSlot::mount(Wish wish)
{
    auto pipe = wish.credentials < 0
                    ? nullptr
                    : std::make_shared<gadget::Descriptor>(wish.credentials);
    Event event{.what = What::mount};
    Request& request = event.request;
    // In proxy mode nobody asks: the mount point says it alone.
    request.readOnly = point.readOnly ||
                       (point.mode == Mode::legacy && wish.readOnly);
    remote::ImageUrl image;
    if (point.mode == Mode::legacy)
    {
        const auto parsed = remote::parseImageUrl(wish.imageUrl);
        const bool isHttps = parsed && parsed->scheme == remote::Scheme::https;
        if (!parsed || (isHttps && !request.readOnly))
        {
            fmt::print(stderr, "vmediad: {}: {}\n", point.name,
                       parsed ? "an image behind https cannot be written"
                              : describe(parsed.error()));
            return parsed ? EROFS : EINVAL;
        }
        image = *parsed;
        request.source = isHttps ? Source::https : Source::smb;
        request.imageUrl = image.text();
        request.hasSecrets = pipe != nullptr;
    }
    if (machine.step() == Mount::Step::ready)
    {
        url = std::move(image);
        readOnly = request.readOnly;
        credentials = point.mode == Mode::legacy ? std::move(pipe) : nullptr;
    }
    pipe.reset();
    return ask(event);
}

int MediaSlot::unmount()
{
    return ask({.what = What::unmount});
}

void MediaSlot::shutdown()
{
    handle({.what = What::shutdown});
}

int MediaSlot::ask(const Event& event)
{
    refusal = 0;
    handle(event);
    return refusal;
}

void MediaSlot::handle(const Event& event)
{
    const Mount::Step before = machine.step();
    const std::vector<Action> actions = machine.on(event);
    const Mount::Step now = machine.step();
    bool isOver = now == Mount::Step::ready && before != now;
    for (const Action& action : actions)
    {
        // Completion says that the slot can be used again: it is the last.
        if (action.what == Do::complete && std::exchange(isOver, false))
        {
            finish();
        }
        perform(action);
    }
    if (isOver)
    {
        finish();
    }
    if (now == Mount::Step::serving && before != now)
    {
        beginServing();
    }
    if (now != Mount::Step::serving && before == Mount::Step::serving)
    {
        seconds.disarm();
        activity.end();
    }
}

void MediaSlot::perform(const Action& action)
{
    switch (action.what)
    {
        case Do::propertiesChanged:
            return listener.changed(*this);
        case Do::accept:
            return;
        case Do::refuse:
            refusal = action.number;
            return;
        case Do::complete:
            return listener.completed(*this, action.number);
        case Do::removeSecrets:
            credentials.reset();
            return secret.remove();
        case Do::armActivation:
            return arm(point.timeout);
        case Do::armGrace:
            return arm(grace);
        case Do::disarm:
            return timer.disarm();
        default:
            break;
    }
    // Each takes what is its own.
    [[maybe_unused]] const bool done = performShare(action.what) ||
                                       performServer(action.what) ||
                                       performClient(action.what) ||
                                       performGadget(action.what);
}

bool MediaSlot::performShare(Action::What what)
{
    switch (what)
    {
        case Do::mountShare:
            share = std::make_shared<MountedShare>(
                executor, toMachine(), config, point, ledger, secret);
            share->keep(shared);
            share->mount(url, readOnly, std::exchange(credentials, nullptr));
            return true;
        case Do::cancelShare:
            share->stop();
            return true;
        case Do::unmountShare:
            share->unmount(false);
            return true;
        case Do::detachShare:
            share->unmount(true);
            return true;
        case Do::abandonShare:
            drop(share);
            return true;
        default:
            return false;
    }
}

bool MediaSlot::performServer(Action::What what)
{
    switch (what)
    {
        case Do::startServer:
            server = std::make_shared<ServedImage>(
                executor, toMachine(), config, point, ledger, secret);
            server->keep(shared);
            server->start({.url = url,
                           .directory = share ? share->directory() : "",
                           .readOnly = readOnly,
                           .credentials = std::exchange(credentials, nullptr)});
            return true;
        case Do::terminateServer:
            server->signal(SIGTERM);
            return true;
        case Do::killServer:
            server->signal(SIGKILL);
            return true;
        case Do::abandonServer:
            drop(server);
            return true;
        default:
            return false;
    }
}

bool MediaSlot::performClient(Action::What what)
{
    switch (what)
    {
        case Do::startClient:
            isClientAbandoned = false;
            client = std::make_shared<DeviceClient>(
                executor, toMachine(), config, point, ledger, device);
            client->keep(shared);
            client->start(readOnly);
            return true;
        case Do::findClient:
            client->find();
            return true;
        case Do::terminateClient:
            client->signal(SIGTERM);
            return true;
        case Do::killClient:
            client->signal(SIGKILL);
            return true;
        case Do::disconnectDevice:
            client->disconnect();
            return true;
        case Do::abandonClient:
            isClientAbandoned = true;
            drop(client);
            return true;
        default:
            return false;
    }
}

bool MediaSlot::performGadget(Action::What what)
{
    switch (what)
    {
        case Do::makeGadget:
            drive = std::make_shared<ShownDrive>(executor, toMachine(), config,
                                                 point, ledger, driveBusy);
            drive->keep(shared);
            drive->make(machine.properties().size, readOnly);
            return true;
        case Do::removeGadget:
            drive->remove();
            return true;
        case Do::abandonGadget:
            drop(drive);
            return true;
        default:
            return false;
    }
}

void MediaSlot::arm(std::chrono::seconds delay)
{
    timer.arm(Clock::now() + delay, [this] { handle({What::timeout}); });
}

void MediaSlot::beginServing()
{
    activity.begin(usage(), config.inactivityTimeout);
    nextSecond = Clock::now() + std::chrono::seconds(1);
    seconds.arm(nextSecond, [this] { tick(); });
}

void MediaSlot::tick()
{
    nextSecond += std::chrono::seconds(1);
    seconds.arm(nextSecond, [this] { tick(); });
    if (drive->isEjected())
    {
        return handle({What::hostEjected});
    }
    if (activity.tick(usage()))
    {
        handle({What::inactive});
    }
}

Usage MediaSlot::usage() const
{
    return {device.count(), drive->hostStatistics()};
}

/// The slot is Ready again.
void MediaSlot::finish()
{
    const Mount::End& why = machine.why();
    const std::string said = server ? server->lastLine() : std::string();
    fmt::print(
        stderr, "vmediad: {}: the medium has gone: {}{}{}\n", point.name,
        printable(why.reason, 512),
        why.error != 0
            ? fmt::format(" ({})", std::generic_category().message(why.error))
            : "",
        why.error != 0 && !said.empty()
            ? fmt::format("; nbdkit said {}", printable(said, 512))
            : "");
    drop(share);
    drop(server);
    drop(client);
    drop(drive);
    credentials.reset();
    if (!isClientAbandoned)
    {
        ledger.write([](Belongings& mine) { mine.device.clear(); });
    }
}

/// What a part tells. The slot forgets its parts when it goes.
Part::Listener MediaSlot::toMachine()
{
    return [this](const Event& event) { handle(event); };
}

std::unique_ptr<Slot> makeSlot(asio::any_io_executor executor,
                               const Config& config, const MountPoint& point,
                               Journal& journal, DeviceEvents& events,
                               Slot::Listener& listener)
{
    return std::make_unique<MediaSlot>(std::move(executor), config, point,
                                       journal, events, listener);
}

} // namespace vmedia::service
