// SPDX-License-Identifier: Apache-2.0
#include "mount.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace vmedia::service
{

namespace
{

std::string withText(std::string fact, const Event& event)
{
    return event.text.empty() ? fact : fmt::format("{}: {}", fact, event.text);
}

std::string exited(std::string_view who, const Event& event)
{
    const int status = event.number;
    return withText(
        status > 128
            ? fmt::format("{} was ended by signal {}", who, status - 128)
            : fmt::format("{} exited with status {}", who, status),
        event);
}

} // namespace

Mount::Mount(Mode m, std::string d) : mode(m), device(std::move(d)) {}

std::vector<Action> Mount::on(const Event& event)
{
    using enum Event::What;
    const Properties before = properties();
    switch (event.what)
    {
        case mount:
            onMount(event);
            break;
        case unmount:
            onUnmount();
            break;
        case shareMounted:
        case shareFailed:
        case shareUnmounted:
        case shareUnmountFailed:
            onShare(event);
            break;
        case serverReady:
            onServerReady();
            break;
        case serverFailed:
        case serverExited:
            onServerGone(event);
            break;
        case clientExited:
            onClientExited(event);
            break;
        case clientMoved:
            onClientMoved();
            break;
        case clientFailed:
        case clientLost:
            onClientGone(event);
            break;
        case gadgetBound:
        case gadgetFailed:
        case gadgetRemoved:
        case gadgetRemoveFailed:
            onGadget(event);
            break;
        case deviceSize:
            onDeviceSize(event.size);
            break;
        case hostEjected:
            if (current == Step::serving)
            {
                end(0, "the host ejected the medium");
            }
            break;
        case inactive:
            if (current == Step::serving)
            {
                end(ETIMEDOUT, "the host did not use the medium for too long");
            }
            break;
        case timeout:
            onTimeout();
            break;
        case shutdown:
            onShutdown();
            break;
    }
    std::vector<Action> todo = std::exchange(actions, {});
    if (properties() != before)
    {
        todo.insert(todo.begin(), {Action::What::propertiesChanged});
    }
    return todo;
}

Mount::Step Mount::step() const
{
    return current;
}

Mount::State Mount::state() const
{
    switch (current)
    {
        case Step::ready:
            return State::ready;
        case Step::mountingShare:
        case Step::startingServer:
        case Step::awaitingDevice:
        case Step::bindingGadget:
            return State::activating;
        case Step::serving:
            return State::active;
        case Step::removingGadget:
        case Step::closingDevice:
        case Step::stoppingServer:
        case Step::unmountingShare:
            break;
    }
    return State::deactivating;
}

Mount::Properties Mount::properties() const
{
    const bool idle = current == Step::ready;
    return {state(),
            current == Step::serving,
            exitCode,
            idle ? "" : request.imageUrl,
            idle || request.readOnly,
            size};
}

const Mount::End& Mount::why() const
{
    return ended;
}

void Mount::act(Action::What what, int number)
{
    actions.push_back({what, number});
}

void Mount::onMount(const Event& event)
{
    const bool ofMode = (event.request.source == Source::webServer) ==
                        (mode == Mode::proxy);
    const State now = state();
    const int error = now == State::active  ? EPERM
                      : now != State::ready ? EBUSY
                      : !ofMode             ? EINVAL
                      : size > 0            ? EBUSY
                                            : 0;
    if (error != 0)
    {
        return act(Action::What::refuse, error);
    }
    request = event.request;
    secrets = request.hasSecrets && request.source != Source::webServer;
    exitCode = -1;
    ended = {};
    pending = true;
    act(Action::What::accept);
    act(Action::What::armActivation);
    switch (request.source)
    {
        case Source::webServer:
            return startClient();
        case Source::https:
            return startServer();
        case Source::smb:
            current = Step::mountingShare;
            share = Share::mounting;
            return act(Action::What::mountShare);
    }
}

void Mount::onUnmount()
{
    switch (state())
    {
        case State::ready:
            return act(Action::What::refuse, EPERM);
        case State::deactivating:
            return act(Action::What::refuse, EBUSY);
        case State::activating:
        case State::active:
            break;
    }
    cancel();
    act(Action::What::accept);
    pending = true;
    end(0, "it was unmounted");
}

void Mount::onShutdown()
{
    if (state() == State::activating || state() == State::active)
    {
        cancel();
        end(0, "vmediad ended");
    }
}

/// Answers a Mount that is under way.
void Mount::cancel()
{
    if (std::exchange(pending, false))
    {
        act(Action::What::complete, ECANCELED);
    }
}

void Mount::onShare(const Event& event)
{
    using enum Event::What;
    const bool going = share == Share::unmounting || share == Share::detaching;
    if (event.what == shareMounted && share == Share::mounting)
    {
        share = Share::mounted;
        if (current == Step::mountingShare)
        {
            dropSecrets();
            return startServer();
        }
        return removeShare();
    }
    if (event.what == shareFailed && share == Share::mounting)
    {
        share = Share::none;
        return partGone(event.number,
                        withText("the share could not be mounted", event));
    }
    if (event.what == shareUnmounted && going)
    {
        share = Share::none;
        return tearDown();
    }
    if (event.what == shareUnmountFailed && going)
    {
        return share == Share::unmounting
                   ? pushShare()
                   : abandonShare(event.number,
                                  "the share could not be unmounted");
    }
}

void Mount::onServerReady()
{
    if (current == Step::startingServer)
    {
        startClient();
    }
}

void Mount::onServerGone(const Event& event)
{
    if (!std::exchange(server, false))
    {
        return;
    }
    if (event.what == Event::What::serverFailed)
    {
        return partGone(event.number,
                        withText("nbdkit could not be started", event));
    }
    partGone(goneErrno(), exited("nbdkit", event));
}

void Mount::onClientExited(const Event& event)
{
    if (client != Client::running)
    {
        return;
    }
    exitCode = event.number;
    const bool emptied = disconnected && size == 0;
    if (exitCode == 0 && current == Step::awaitingDevice)
    {
        client = Client::left;
        return;
    }
    if (exitCode == 0 && !emptied)
    {
        return seekClient();
    }
    client = Client::none;
    // Its words explain an end that the device told first.
    if (state() == State::deactivating && means == Means::gentle &&
        exitCode != 0 && ended.error != 0)
    {
        note(ended.error, exited("nbd-client", event));
    }
    partGone(goneErrno(), exited("nbd-client", event));
}

void Mount::onClientMoved()
{
    if (client != Client::sought)
    {
        return;
    }
    client = Client::moved;
    if (current == Step::serving)
    {
        act(Action::What::disarm);
    }
    else if (current == Step::closingDevice &&
             (size == 0 || means != Means::gentle))
    {
        means = Means::term;
        act(Action::What::terminateClient);
        act(Action::What::armGrace);
    }
}

void Mount::onClientGone(const Event& event)
{
    const bool failed = event.what == Event::What::clientFailed;
    const bool known = failed ? client == Client::running
                              : client == Client::sought ||
                                    client == Client::moved;
    if (!known)
    {
        return;
    }
    client = Client::none;
    partGone(failed ? event.number : goneErrno(),
             withText(failed ? "nbd-client could not be started"
                             : "nbd-client disconnected",
                      event));
}

void Mount::onDeviceSize(uint64_t bytes)
{
    const uint64_t before = std::exchange(size, bytes);
    if (bytes > 0)
    {
        onSize();
    }
    else if (before > 0)
    {
        onEmpty();
    }
}

void Mount::onSize()
{
    if (current == Step::awaitingDevice)
    {
        if (client == Client::left)
        {
            seekClient();
        }
        // nbdkit asks for them when its first client comes.
        dropSecrets();
        current = Step::bindingGadget;
        gadget = Gadget::making;
        return act(Action::What::makeGadget);
    }
    if (current == Step::closingDevice && deviceOurs && !disconnected)
    {
        disconnected = true; // it connected while it was told to end
        act(Action::What::disconnectDevice);
        return act(Action::What::armGrace);
    }
    if (state() == State::deactivating)
    {
        tearDown();
    }
}

void Mount::onEmpty()
{
    if (current == Step::bindingGadget || current == Step::serving)
    {
        return end(ENOTCONN, fmt::format("{} was disconnected", device));
    }
    if (state() == State::deactivating)
    {
        tearDown();
    }
}

void Mount::onGadget(const Event& event)
{
    using enum Event::What;
    const bool answered = event.what == gadgetBound ||
                          event.what == gadgetFailed;
    if (answered && gadget == Gadget::making)
    {
        gadget = Gadget::made;
        if (current != Step::bindingGadget)
        {
            return removeGadget();
        }
        return event.what == gadgetBound
                   ? serve()
                   : end(event.number,
                         withText("the host could not be shown the medium",
                                  event));
    }
    if (event.what == gadgetRemoved && gadget == Gadget::removing)
    {
        gadget = Gadget::none;
        return tearDown();
    }
    if (event.what == gadgetRemoveFailed && gadget == Gadget::removing)
    {
        abandonGadget(event.number,
                      withText("the gadget could not be removed", event));
    }
}

void Mount::onTimeout()
{
    switch (current)
    {
        case Step::ready:
            return;
        case Step::mountingShare:
            return end(ETIMEDOUT, "the share was not mounted in time");
        case Step::startingServer:
            return end(ETIMEDOUT, "nbdkit did not listen in time");
        case Step::awaitingDevice:
            return end(ETIMEDOUT,
                       fmt::format("{} got no size in time", device));
        case Step::bindingGadget:
            return end(ETIMEDOUT, "the gadget was not bound in time");
        case Step::serving:
            return client == Client::sought
                       ? end(ENOTCONN, fmt::format("nbd-client exited, and "
                                                   "nobody was found to serve "
                                                   "{}",
                                                   device))
                       : void();
        case Step::removingGadget:
            return abandonGadget(ETIMEDOUT,
                                 "the gadget was not removed in time");
        case Step::closingDevice:
            return pushClient();
        case Step::stoppingServer:
            return pushServer();
        case Step::unmountingShare:
            return pushShare();
    }
}

void Mount::startServer()
{
    current = Step::startingServer;
    server = true;
    act(Action::What::startServer);
}

void Mount::startClient()
{
    current = Step::awaitingDevice;
    if (size > 0)
    {
        return end(EBUSY, fmt::format("{} is in use by somebody else", device));
    }
    client = Client::running;
    deviceOurs = true;
    act(Action::What::startClient);
}

void Mount::seekClient()
{
    client = Client::sought;
    act(Action::What::findClient);
    if (current == Step::serving) // elsewhere a timer runs already
    {
        act(Action::What::armGrace);
    }
}

void Mount::dropSecrets()
{
    if (std::exchange(secrets, false))
    {
        act(Action::What::removeSecrets);
    }
}

void Mount::serve()
{
    current = Step::serving;
    act(client == Client::sought ? Action::What::armGrace
                                 : Action::What::disarm);
    pending = false;
    act(Action::What::complete, 0);
}

int Mount::goneErrno() const
{
    return state() == State::activating ? ECONNREFUSED : ENOTCONN;
}

} // namespace vmedia::service
