// SPDX-License-Identifier: Apache-2.0
// Deactivating: what there is of a medium goes, in the reverse order of its
// coming, each part by stronger means until it is gone or given up.
#include "mount.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace vmedia::service
{

/// Why a medium goes; tears down what there is of it.
void Mount::end(int error, std::string reason)
{
    ended = {error, std::move(reason)};
    disconnected = false;
    tearDown();
}

void Mount::partGone(int error, std::string reason)
{
    if (state() == State::deactivating)
    {
        return tearDown();
    }
    end(error, std::move(reason));
}

void Mount::note(int error, std::string_view what)
{
    ended.reason += fmt::format("; {}", what);
    if (ended.error == 0)
    {
        ended.error = error;
    }
}

void Mount::tearDown()
{
    const Step next = gadget != Gadget::none ? Step::removingGadget
                      : client != Client::none || (deviceOurs && size > 0)
                          ? Step::closingDevice
                      : server               ? Step::stoppingServer
                      : share != Share::none ? Step::unmountingShare
                                             : Step::ready;
    if (next != current)
    {
        enter(next);
    }
}

void Mount::enter(Step next)
{
    current = next;
    means = Means::gentle;
    switch (next)
    {
        case Step::removingGadget:
            // One that is being made is waited for: what is removed while it
            // is made stays in part.
            return gadget == Gadget::made ? removeGadget()
                                          : act(Action::What::armGrace);
        case Step::closingDevice:
            return closeDevice();
        case Step::stoppingServer:
            means = Means::term;
            act(Action::What::terminateServer);
            return act(Action::What::armGrace);
        case Step::unmountingShare:
            return removeShare();
        case Step::ready:
            return finish();
        default:
            return;
    }
}

void Mount::removeGadget()
{
    gadget = Gadget::removing;
    act(Action::What::removeGadget);
    act(Action::What::armGrace);
}

void Mount::closeDevice()
{
    disconnected = size > 0;
    if (client == Client::left)
    {
        seekClient();
    }
    if (disconnected)
    {
        act(Action::What::disconnectDevice);
    }
    else if (client == Client::running || client == Client::moved)
    {
        means = Means::term;
        act(Action::What::terminateClient);
    }
    act(Action::What::armGrace);
}

void Mount::pushClient()
{
    const bool process = client == Client::running || client == Client::moved;
    if (process && means != Means::kill)
    {
        means = means == Means::gentle ? Means::term : Means::kill;
        act(means == Means::term ? Action::What::terminateClient
                                 : Action::What::killClient);
        return act(Action::What::armGrace);
    }
    note(ETIMEDOUT, process
                        ? "nbd-client did not end in time"
                        : fmt::format("{} was not given up in time", device));
    client = Client::none;
    deviceOurs = false;
    act(Action::What::abandonClient);
    tearDown();
}

void Mount::pushServer()
{
    if (means == Means::term)
    {
        means = Means::kill;
        act(Action::What::killServer);
        return act(Action::What::armGrace);
    }
    note(ETIMEDOUT, "nbdkit did not end in time");
    server = false;
    act(Action::What::abandonServer);
    tearDown();
}

void Mount::removeShare()
{
    if (share == Share::mounting)
    {
        act(Action::What::cancelShare);
    }
    else if (share == Share::mounted)
    {
        share = Share::unmounting;
        act(Action::What::unmountShare);
    }
    act(Action::What::armGrace);
}

void Mount::pushShare()
{
    if (share == Share::unmounting)
    {
        share = Share::detaching;
        act(Action::What::detachShare);
        return act(Action::What::armGrace);
    }
    abandonShare(ETIMEDOUT, "the share was not unmounted in time");
}

void Mount::abandonShare(int error, std::string_view why)
{
    note(error, why);
    share = Share::none;
    act(Action::What::abandonShare);
    tearDown();
}

void Mount::abandonGadget(int error, std::string_view why)
{
    note(error, why);
    gadget = Gadget::none;
    act(Action::What::abandonGadget);
    tearDown();
}

void Mount::finish()
{
    dropSecrets();
    act(Action::What::disarm);
    deviceOurs = false;
    request = {};
    if (std::exchange(pending, false))
    {
        act(Action::What::complete, ended.error);
    }
}

} // namespace vmedia::service
