// SPDX-License-Identifier: Apache-2.0
#include "session_state.hpp"

#include <fmt/format.h>

namespace vmedia::proxy
{

namespace
{

std::string exited(std::string_view who, const Event& event)
{
    std::string text =
        event.status > 128
            ? fmt::format("{} was ended by signal {}", who, event.status - 128)
            : fmt::format("{} exited with status {}", who, event.status);
    return event.text.empty() ? text : text + ": " + event.text;
}

} // namespace

SessionState::SessionState(Names n) : names(std::move(n)) {}

std::vector<Action> SessionState::on(const Event& event)
{
    switch (event.what)
    {
        case Event::What::connected:
            if (phase == Phase::connecting)
            {
                phase = Phase::negotiating;
            }
            return {};
        case Event::What::deviceReady:
            if (phase != Phase::negotiating)
            {
                return {}; // later events are about a device that we know
            }
            ready = true;
            phase = names.hasHook ? Phase::starting : Phase::serving;
            return names.hasHook ? std::vector{Action::disarm, Action::runStart}
                                 : std::vector{Action::disarm};
        case Event::What::startEnded:
            return onStartEnded(event);
        case Event::What::stopEnded:
            return onStopEnded(event);
        case Event::What::farEndClosed:
            // One that is not connected would not notice.
            letClientLeave |= !ending() && phase != Phase::connecting;
            return end(true, "the far end closed the connection");
        case Event::What::clientHungUp:
            if (ending() || hungUp)
            {
                return {};
            }
            hungUp = true;
            // Its exit status is the better reason, so wait for that a while.
            return {Action::armGraceDeadline};
        case Event::What::clientEnded:
            return onClientEnded(event);
        case Event::What::signalled:
            return end(true, event.text);
        case Event::What::relayFailed:
            return end(false, event.text);
        case Event::What::deadline:
            return onDeadline();
    }
    return {};
}

SessionState::Outcome SessionState::outcome() const
{
    return {orderly, reason};
}

bool SessionState::ending() const
{
    return phase >= Phase::finishingStart;
}

std::vector<Action> SessionState::end(bool isOrderly, std::string why)
{
    if (ending())
    {
        return {};
    }
    reason = std::move(why);
    orderly = isOrderly;
    if (orderly && !ready)
    {
        orderly = false;
        reason += fmt::format(" before {} had a size", names.device);
    }
    if (phase == Phase::starting)
    {
        phase = Phase::finishingStart;
        return {Action::armHookDeadline};
    }
    if (phase == Phase::serving && names.hasHook)
    {
        phase = Phase::stopping;
        return {Action::runStop, Action::armHookDeadline};
    }
    return afterHooks();
}

std::vector<Action> SessionState::afterHooks()
{
    if (clientGone)
    {
        phase = Phase::ended;
        return {Action::disarm, Action::finish};
    }
    if (letClientLeave)
    {
        phase = Phase::leaving;
        return {Action::armGraceDeadline};
    }
    phase = Phase::closing;
    return {Action::terminateClient, Action::armGraceDeadline};
}

std::vector<Action> SessionState::onStartEnded(const Event& event)
{
    const bool wasEnding = phase == Phase::finishingStart;
    if (event.status == 0 && !wasEnding)
    {
        phase = Phase::serving;
        return {};
    }
    if (event.status != 0)
    {
        addFailure(hookFailure("start", event));
    }
    // Also after a failed start: it may have left half a gadget.
    phase = Phase::stopping;
    hookKilled = false;
    return {Action::runStop, Action::armHookDeadline};
}

std::vector<Action> SessionState::onStopEnded(const Event& event)
{
    if (event.status != 0)
    {
        addFailure(hookFailure("stop", event));
    }
    return afterHooks();
}

std::vector<Action> SessionState::onClientEnded(const Event& event)
{
    clientGone = true;
    if (phase == Phase::leaving || phase == Phase::closing)
    {
        return afterHooks();
    }
    if (event.status != 0)
    {
        return end(false, exited("nbd-client", event));
    }
    if (ready)
    {
        return end(true, "nbd-client disconnected");
    }
    return end(false, fmt::format("{} before {} had a size",
                                  exited("nbd-client", event), names.device));
}

std::vector<Action> SessionState::onDeadline()
{
    switch (phase)
    {
        case Phase::connecting:
            return end(false, "nbd-client did not connect in time");
        case Phase::negotiating:
            return end(
                false,
                hungUp ? "nbd-client hung up and did not exit in time"
                       : fmt::format("{} got no size in time", names.device));
        case Phase::starting:
        case Phase::serving:
            return end(false, "nbd-client hung up and did not exit in time");
        case Phase::finishingStart:
        case Phase::stopping:
            hookKilled = true;
            return {Action::killHook};
        case Phase::leaving:
            phase = Phase::closing;
            return {Action::terminateClient, Action::armGraceDeadline};
        case Phase::closing:
            return {Action::killClient};
        case Phase::ended:
            return {};
    }
    return {};
}

std::string SessionState::hookFailure(const char* verb,
                                      const Event& event) const
{
    const std::string who = fmt::format("state {} {}", verb, names.name);
    return hookKilled ? who + " did not end in time and was killed"
                      : exited(who, event);
}

void SessionState::addFailure(std::string why)
{
    // A failed hook says more than that somebody hung up afterwards, but the
    // one that ended the session comes first.
    reason = reason.empty() ? std::move(why) : reason + "; " + why;
    orderly = false;
}

} // namespace vmedia::proxy
