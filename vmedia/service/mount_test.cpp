// SPDX-License-Identifier: Apache-2.0
#include "mount.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::service
{

using What = Event::What;
using Step = Mount::Step;
using testing::EndsWith;

namespace
{

constexpr uint64_t bytes = 1 << 20;

Event sized(uint64_t size)
{
    return {.what = What::deviceSize, .size = size};
}

Event mountOf(Source source, bool hasSecrets = false)
{
    return {.what = What::mount,
            .request = {source, "https://h/i.iso", false, hasSecrets}};
}

/// "accept armActivation startClient"; a number follows where there is one.
/// What D-Bus is shown has its own test.
std::string words(const std::vector<Action>& actions)
{
    std::string line;
    for (const Action& action : actions)
    {
        if (action.what == Action::What::propertiesChanged)
        {
            continue;
        }
        line += line.empty() ? "" : " ";
        line += name(action.what);
        const bool numbered = action.what == Action::What::complete ||
                              action.what == Action::What::refuse;
        line += numbered ? fmt::format("({})", action.number) : "";
    }
    return line;
}

std::string tell(Mount& mount, const Event& event)
{
    return words(mount.on(event));
}

Mount proxy()
{
    return Mount(Mode::proxy, "nbd0");
}

Mount legacy()
{
    return Mount(Mode::legacy, "nbd0");
}

Mount told(Mount mount, const std::vector<Event>& events)
{
    for (const Event& event : events)
    {
        mount.on(event);
    }
    return mount;
}

Mount served()
{
    return told(
        proxy(),
        {mountOf(Source::webServer), sized(bytes), {What::gadgetBound}});
}

} // namespace

TEST(Mount, aBrowsersMediumIsServedAndUnmounted)
{
    Mount mount = proxy();
    EXPECT_EQ(tell(mount, mountOf(Source::webServer)),
              "accept armActivation startClient");
    EXPECT_EQ(tell(mount, sized(bytes)), "makeGadget");
    EXPECT_EQ(tell(mount, {What::gadgetBound}), "disarm complete(0)");
    EXPECT_EQ(tell(mount, {What::unmount}), "accept removeGadget armGrace");
    EXPECT_EQ(tell(mount, {What::gadgetRemoved}), "disconnectDevice armGrace");
    EXPECT_EQ(tell(mount, sized(0)), "");
    EXPECT_EQ(tell(mount, {What::clientExited, 0}), "disarm complete(0)");
    EXPECT_EQ(mount.step(), Step::ready);
    EXPECT_EQ(mount.why().error, 0);
    EXPECT_EQ(mount.why().reason, "it was unmounted");
    EXPECT_EQ(tell(mount, mountOf(Source::webServer)),
              "accept armActivation startClient")
        << "the slot can be used again";
}

TEST(Mount, anImageOnTheWebComesThroughNbdkit)
{
    Mount mount = legacy();
    EXPECT_EQ(tell(mount, mountOf(Source::https, true)),
              "accept armActivation startServer");
    EXPECT_EQ(tell(mount, {What::serverReady}), "startClient");
    EXPECT_EQ(tell(mount, sized(bytes)), "removeSecrets makeGadget");
    EXPECT_EQ(tell(mount, {What::gadgetBound}), "disarm complete(0)");
    EXPECT_EQ(tell(mount, {What::unmount}), "accept removeGadget armGrace");
    EXPECT_EQ(tell(mount, {What::gadgetRemoved}), "disconnectDevice armGrace");
    EXPECT_EQ(tell(mount, sized(0)), "");
    EXPECT_EQ(tell(mount, {What::clientExited, 0}), "terminateServer armGrace");
    EXPECT_EQ(tell(mount, {What::serverExited, 0}), "disarm complete(0)");
}

TEST(Mount, anImageOnAShareNeedsTheShareFirst)
{
    Mount mount = legacy();
    EXPECT_EQ(tell(mount, mountOf(Source::smb, true)),
              "accept armActivation mountShare");
    EXPECT_EQ(tell(mount, {What::shareMounted}), "removeSecrets startServer");
    EXPECT_EQ(tell(mount, {What::serverReady}), "startClient");
    EXPECT_EQ(tell(mount, sized(bytes)), "makeGadget");
    EXPECT_EQ(tell(mount, {What::gadgetBound}), "disarm complete(0)");
    EXPECT_EQ(tell(mount, {What::unmount}), "accept removeGadget armGrace");
    EXPECT_EQ(tell(mount, {What::gadgetRemoved}), "disconnectDevice armGrace");
    EXPECT_EQ(tell(mount, sized(0)), "");
    EXPECT_EQ(tell(mount, {What::clientExited, 0}), "terminateServer armGrace");
    EXPECT_EQ(tell(mount, {What::serverExited, 0}), "unmountShare armGrace");
    EXPECT_EQ(tell(mount, {What::shareUnmounted}), "disarm complete(0)");
}

TEST(Mount, whatCannotBeIsRefusedAtOnce)
{
    Mount mount = proxy();
    EXPECT_EQ(tell(mount, {What::unmount}), fmt::format("refuse({})", EPERM));
    EXPECT_EQ(tell(mount, mountOf(Source::https)),
              fmt::format("refuse({})", EINVAL));
    Mount other = legacy();
    EXPECT_EQ(tell(other, mountOf(Source::webServer)),
              fmt::format("refuse({})", EINVAL));
    mount.on(mountOf(Source::webServer));
    EXPECT_EQ(tell(mount, mountOf(Source::webServer)),
              fmt::format("refuse({})", EBUSY));
    mount = served();
    EXPECT_EQ(tell(mount, mountOf(Source::webServer)),
              fmt::format("refuse({})", EPERM));
    mount.on({What::unmount});
    EXPECT_EQ(tell(mount, mountOf(Source::webServer)),
              fmt::format("refuse({})", EBUSY));
    EXPECT_EQ(tell(mount, {What::unmount}), fmt::format("refuse({})", EBUSY));
}

TEST(Mount, aDeviceThatSomebodyElseUsesIsNotTaken)
{
    Mount mount = told(proxy(), {sized(bytes)});
    EXPECT_EQ(tell(mount, mountOf(Source::webServer)),
              fmt::format("refuse({})", EBUSY));
    mount.on(sized(0));
    EXPECT_EQ(tell(mount, mountOf(Source::webServer)),
              "accept armActivation startClient");

    mount = told(legacy(), {mountOf(Source::https), sized(bytes)});
    EXPECT_EQ(tell(mount, {What::serverReady}), "terminateServer armGrace");
    EXPECT_EQ(tell(mount, {What::serverExited, 143}),
              fmt::format("disarm complete({})", EBUSY));
    EXPECT_EQ(mount.why().reason, "nbd0 is in use by somebody else");
}

TEST(Mount, unmountInActivatingCancelsAndEachHearsItsOwn)
{
    Mount mount = told(proxy(), {mountOf(Source::webServer)});
    EXPECT_EQ(
        tell(mount, {What::unmount}),
        fmt::format("complete({}) accept terminateClient armGrace", ECANCELED));
    EXPECT_EQ(tell(mount, {What::clientExited, 143}), "disarm complete(0)");
}

TEST(Mount, aGadgetThatIsBeingMadeIsWaitedForBeforeItGoes)
{
    for (const What answer : {What::gadgetBound, What::gadgetFailed})
    {
        Mount mount = told(proxy(), {mountOf(Source::webServer), sized(bytes)});
        EXPECT_EQ(tell(mount, {What::unmount}),
                  fmt::format("complete({}) accept armGrace", ECANCELED));
        EXPECT_EQ(tell(mount, {answer, ENODEV}), "removeGadget armGrace");
    }
}

TEST(Mount, aShareThatIsBeingMountedIsCancelledAndThenUnmounted)
{
    Mount mount = told(legacy(), {mountOf(Source::smb, true)});
    EXPECT_EQ(
        tell(mount, {What::unmount}),
        fmt::format("complete({}) accept cancelShare armGrace", ECANCELED));
    Mount failed = mount;
    EXPECT_EQ(tell(failed, {What::shareFailed, EINTR}),
              "removeSecrets disarm complete(0)");
    EXPECT_EQ(tell(mount, {What::shareMounted}), "unmountShare armGrace");
    EXPECT_EQ(tell(mount, {What::shareUnmounted}),
              "removeSecrets disarm complete(0)");
}

TEST(Mount, eachFailureOfActivatingHasItsErrno)
{
    struct Row
    {
        std::vector<Event> before;
        Event failure;
        int error;
        std::string reason;
    };
    const Event smb = mountOf(Source::smb);
    const std::vector<Row> rows{
        {{smb},
         {What::shareFailed, EACCES, 0, "NT_STATUS_LOGON_FAILURE"},
         EACCES,
         "the share could not be mounted: NT_STATUS_LOGON_FAILURE"},
        {{smb},
         {What::timeout},
         ETIMEDOUT,
         "the share was not mounted in time"},
        {{smb, {What::shareMounted}},
         {What::serverFailed, ENOENT},
         ENOENT,
         "nbdkit could not be started"},
        {{smb, {What::shareMounted}},
         {What::serverExited, 1, 0, "curl: 404"},
         ECONNREFUSED,
         "nbdkit exited with status 1: curl: 404"},
        {{smb, {What::shareMounted}},
         {What::timeout},
         ETIMEDOUT,
         "nbdkit did not listen in time"},
        {{smb, {What::shareMounted}, {What::serverReady}},
         {What::clientFailed, ENOENT},
         ENOENT,
         "nbd-client could not be started"},
        {{smb, {What::shareMounted}, {What::serverReady}},
         {What::clientExited, 139},
         ECONNREFUSED,
         "nbd-client was ended by signal 11"},
        {{smb, {What::shareMounted}, {What::serverReady}},
         {What::serverExited, 0},
         ECONNREFUSED,
         "nbdkit exited with status 0"},
        {{smb, {What::shareMounted}, {What::serverReady}},
         {What::timeout},
         ETIMEDOUT,
         "nbd0 got no size in time"},
        {{smb, {What::shareMounted}, {What::serverReady}, sized(bytes)},
         {What::gadgetFailed, ENODEV, 0, "no UDC is free"},
         ENODEV,
         "the host could not be shown the medium: no UDC is free"},
        {{smb, {What::shareMounted}, {What::serverReady}, sized(bytes)},
         sized(0),
         ENOTCONN,
         "nbd0 was disconnected"},
        {{smb, {What::shareMounted}, {What::serverReady}, sized(bytes)},
         {What::timeout},
         ETIMEDOUT,
         "the gadget was not bound in time"},
    };
    for (const Row& row : rows)
    {
        SCOPED_TRACE(row.reason);
        Mount mount = told(legacy(), row.before);
        std::string last = tell(mount, row.failure);
        EXPECT_EQ(mount.why().error, row.error);
        EXPECT_EQ(mount.why().reason, row.reason);
        for (const Event& gone : std::vector<Event>{
                 {What::gadgetFailed, EIO}, // what is not there is not heard
                 {What::gadgetRemoved},
                 {What::clientExited, 1},
                 sized(0),
                 {What::serverExited, 143},
                 {What::shareMounted},
                 {What::shareUnmounted}})
        {
            const std::string line = tell(mount, gone);
            last = line.empty() ? last : line;
        }
        EXPECT_EQ(mount.step(), Step::ready);
        EXPECT_THAT(last,
                    EndsWith(fmt::format("disarm complete({})", row.error)));
    }
}

TEST(Mount, anEndWithoutARequestHasAReasonAndNoCompletion)
{
    struct Row
    {
        Event end;
        int error;
        std::string reason;
    };
    const std::vector<Row> rows{
        {{What::hostEjected}, 0, "the host ejected the medium"},
        {{What::inactive},
         ETIMEDOUT,
         "the host did not use the medium for too long"},
        {{What::shutdown}, 0, "vmediad ended"},
        {sized(0), ENOTCONN, "nbd0 was disconnected"},
        {{What::clientExited, 1, 0, "Connection reset"},
         ENOTCONN,
         "nbd-client exited with status 1: Connection reset"},
    };
    for (const Row& row : rows)
    {
        SCOPED_TRACE(row.reason);
        Mount mount = served();
        EXPECT_EQ(tell(mount, row.end), "removeGadget armGrace");
        EXPECT_EQ(mount.why().error, row.error);
        EXPECT_EQ(mount.why().reason, row.reason);
        mount.on({What::gadgetRemoved});
        mount.on({What::clientExited, 0});
        mount.on({What::clientLost});
        EXPECT_EQ(tell(mount, sized(0)),
                  row.end.what == What::deviceSize ? "" : "disarm");
        EXPECT_EQ(mount.step(), Step::ready);
    }
}

TEST(Mount, nbdkitsEndTakesTheMediumAway)
{
    Mount mount = told(legacy(), {mountOf(Source::https),
                                  {What::serverReady},
                                  sized(bytes),
                                  {What::gadgetBound}});
    EXPECT_EQ(tell(mount, {What::serverExited, 139}), "removeGadget armGrace");
    EXPECT_EQ(mount.why().reason, "nbdkit was ended by signal 11");
    EXPECT_EQ(tell(mount, {What::gadgetRemoved}), "disconnectDevice armGrace");
    mount.on(sized(0));
    EXPECT_EQ(tell(mount, {What::clientExited, 1}), "disarm");
}

TEST(Mount, theClientsWordsExplainWhatTheDeviceToldFirst)
{
    Mount mount = served();
    mount.on(sized(0));
    mount.on({What::clientExited, 1, 0, "server closed the connection"});
    EXPECT_EQ(mount.why().reason,
              "nbd0 was disconnected; nbd-client exited with status 1: server "
              "closed the connection");
}

// F10
TEST(Mount, extraUeventsAreNoRemovals)
{
    Mount mount = told(proxy(), {mountOf(Source::webServer)});
    EXPECT_EQ(tell(mount, sized(0)), "");
    EXPECT_EQ(tell(mount, sized(0)), "");
    EXPECT_EQ(tell(mount, sized(bytes)), "makeGadget");
    EXPECT_EQ(tell(mount, sized(bytes)), "");
    EXPECT_EQ(tell(mount, {What::gadgetBound}), "disarm complete(0)");
    EXPECT_EQ(tell(mount, sized(bytes)), "");
    EXPECT_EQ(mount.step(), Step::serving);
}

// F9
TEST(Mount, aClientThatMovesBeforeTheSizeIsSoughtWhenThereIsOne)
{
    Mount mount = told(proxy(), {mountOf(Source::webServer)});
    EXPECT_EQ(tell(mount, {What::clientExited, 0}), "");
    EXPECT_EQ(tell(mount, sized(bytes)), "findClient makeGadget");
    EXPECT_EQ(tell(mount, {What::clientMoved}), "");
    EXPECT_EQ(tell(mount, {What::gadgetBound}), "disarm complete(0)");
    EXPECT_EQ(tell(mount, {What::unmount}), "accept removeGadget armGrace");
    EXPECT_EQ(tell(mount, {What::gadgetRemoved}), "disconnectDevice armGrace");
    EXPECT_EQ(tell(mount, {What::timeout}), "terminateClient armGrace");
    EXPECT_EQ(tell(mount, {What::timeout}), "killClient armGrace");
    EXPECT_EQ(tell(mount, {What::clientLost}), "");
    EXPECT_EQ(tell(mount, sized(0)), "disarm complete(0)");
}

TEST(Mount, aClientThatMovesWhileServingIsSoughtInBoundedTime)
{
    Mount mount = served();
    EXPECT_EQ(tell(mount, {What::clientExited, 0}), "findClient armGrace");
    Mount lost = mount;
    Mount silent = mount;
    EXPECT_EQ(tell(mount, {What::clientMoved}), "disarm");
    EXPECT_EQ(mount.step(), Step::serving);
    EXPECT_EQ(tell(mount, {What::clientLost}), "removeGadget armGrace");
    EXPECT_EQ(mount.why().error, ENOTCONN);
    EXPECT_EQ(tell(lost, {What::clientLost}), "removeGadget armGrace");
    EXPECT_EQ(lost.why().reason, "nbd-client disconnected");
    EXPECT_EQ(tell(silent, {What::timeout}), "removeGadget armGrace");
    EXPECT_EQ(silent.why().reason,
              "nbd-client exited, and nobody was found to serve nbd0");
}

TEST(Mount, aClientThatIsSoughtWhenTheGadgetIsBoundStillIsTimed)
{
    Mount mount = told(
        proxy(),
        {mountOf(Source::webServer), {What::clientExited, 0}, sized(bytes)});
    EXPECT_EQ(tell(mount, {What::gadgetBound}), "armGrace complete(0)");
    EXPECT_EQ(tell(mount, {What::clientMoved}), "disarm");
}

TEST(Mount, aClientThatMovedIsFoundToBeEnded)
{
    Mount mount = told(proxy(),
                       {mountOf(Source::webServer), {What::clientExited, 0}});
    EXPECT_EQ(
        tell(mount, {What::unmount}),
        fmt::format("complete({}) accept findClient armGrace", ECANCELED));
    Mount none = mount;
    EXPECT_EQ(tell(none, {What::clientLost}), "disarm complete(0)");
    EXPECT_EQ(tell(mount, {What::clientMoved}), "terminateClient armGrace");
    EXPECT_EQ(tell(mount, {What::timeout}), "killClient armGrace");
    EXPECT_EQ(tell(mount, {What::clientLost}), "disarm complete(0)");
}

TEST(Mount, aDeviceThatConnectsWhileItsClientIsToldToEndIsDisconnected)
{
    Mount mount = told(proxy(), {mountOf(Source::webServer)});
    mount.on({What::unmount});
    EXPECT_EQ(tell(mount, sized(bytes)), "disconnectDevice armGrace");
    EXPECT_EQ(tell(mount, {What::clientExited, 143}), "");
    EXPECT_EQ(tell(mount, sized(0)), "disarm complete(0)");

    mount = told(legacy(), {mountOf(Source::https), {What::serverReady}});
    mount.on({What::unmount});
    EXPECT_EQ(tell(mount, {What::clientExited, 143}),
              "terminateServer armGrace");
    EXPECT_EQ(tell(mount, sized(bytes)), "disconnectDevice armGrace");
    EXPECT_EQ(tell(mount, sized(0)), "terminateServer armGrace");
}

TEST(Mount, whatDoesNotGoIsPushedAndThenAbandonedInBoundedTime)
{
    Mount mount = told(legacy(), {mountOf(Source::smb),
                                  {What::shareMounted},
                                  {What::serverReady},
                                  sized(bytes),
                                  {What::gadgetBound},
                                  {What::unmount}});
    const std::vector<std::string> wanted{
        "abandonGadget disconnectDevice armGrace",
        "terminateClient armGrace",
        "killClient armGrace",
        "abandonClient terminateServer armGrace",
        "killServer armGrace",
        "abandonServer unmountShare armGrace",
        "detachShare armGrace",
        fmt::format("abandonShare disarm complete({})", ETIMEDOUT)};
    for (const std::string& line : wanted)
    {
        EXPECT_EQ(tell(mount, {What::timeout}), line);
    }
    EXPECT_EQ(mount.step(), Step::ready);
    EXPECT_EQ(mount.why().reason,
              "it was unmounted; the gadget was not removed in time; "
              "nbd-client did not end in time; nbdkit did not end in time; "
              "the share was not unmounted in time");
    EXPECT_EQ(tell(mount, mountOf(Source::https)),
              fmt::format("refuse({})", EBUSY))
        << "the device still has a size";
}

TEST(Mount, aRefusalToGoIsToldAndLeadsToStrongerMeans)
{
    Mount mount = told(legacy(), {mountOf(Source::smb),
                                  {What::shareMounted},
                                  {What::serverReady},
                                  sized(bytes),
                                  {What::gadgetBound},
                                  {What::unmount}});
    EXPECT_EQ(tell(mount, {What::gadgetRemoveFailed, EBUSY}),
              "abandonGadget disconnectDevice armGrace");
    mount.on(sized(0));
    mount.on({What::clientExited, 0});
    mount.on({What::serverExited, 0});
    EXPECT_EQ(tell(mount, {What::shareUnmountFailed, EBUSY}),
              "detachShare armGrace");
    EXPECT_EQ(tell(mount, {What::shareUnmountFailed, EIO}),
              fmt::format("abandonShare disarm complete({})", EBUSY));
    EXPECT_EQ(mount.why().reason,
              "it was unmounted; the gadget could not be removed; the share "
              "could not be unmounted");
}

TEST(Mount, shutdownAnswersAMountThatIsUnderWay)
{
    Mount mount = told(proxy(), {mountOf(Source::webServer)});
    EXPECT_EQ(tell(mount, {What::shutdown}),
              fmt::format("complete({}) terminateClient armGrace", ECANCELED));
    EXPECT_EQ(tell(mount, {What::clientExited, 143}), "disarm");
}

TEST(Mount, propertiesTellWhatDBusShows)
{
    Mount mount = proxy();
    EXPECT_EQ(mount.properties(), (Mount::Properties{}));
    const auto first = [](const std::vector<Action>& actions) {
        return !actions.empty() &&
               actions[0].what == Action::What::propertiesChanged;
    };
    EXPECT_TRUE(first(mount.on(mountOf(Source::webServer))));
    EXPECT_EQ(mount.properties(),
              (Mount::Properties{Mount::State::activating, false, -1,
                                 "https://h/i.iso", false, 0}));
    EXPECT_TRUE(first(mount.on(sized(bytes))));
    EXPECT_FALSE(first(mount.on(sized(bytes))));
    EXPECT_TRUE(first(mount.on({What::gadgetBound})));
    EXPECT_EQ(mount.properties(),
              (Mount::Properties{Mount::State::active, true, -1,
                                 "https://h/i.iso", false, bytes}));
    EXPECT_TRUE(first(mount.on({What::clientExited, 1})));
    EXPECT_EQ(mount.properties(),
              (Mount::Properties{Mount::State::deactivating, false, 1,
                                 "https://h/i.iso", false, bytes}));
    mount.on({What::gadgetRemoved});
    EXPECT_TRUE(first(mount.on(sized(0))));
    EXPECT_EQ(mount.properties(),
              (Mount::Properties{Mount::State::ready, false, 1, "", true, 0}));
}

namespace
{

/// A machine in each step, with all that smb has there.
Mount in(Step step)
{
    const std::vector<Event> way{mountOf(Source::smb), {What::shareMounted},
                                 {What::serverReady},  sized(bytes),
                                 {What::gadgetBound},  {What::unmount},
                                 {What::gadgetRemoved}};
    const auto count = static_cast<std::ptrdiff_t>(
        std::min(static_cast<size_t>(step), way.size()));
    Mount mount = told(legacy(), {way.begin(), way.begin() + count});
    if (step > Step::closingDevice)
    {
        mount.on(sized(0));
        mount.on({What::clientExited, 0});
    }
    if (step > Step::stoppingServer)
    {
        mount.on({What::serverExited, 0});
    }
    return mount;
}

/// One letter for each step, in their order.
constexpr std::string_view letters = "RMSABVGCKU";

} // namespace

/// Every event in every step: the letter of the step that it leads to, "="
/// for the same step and something to do, "." for nothing at all.
TEST(Mount, everyEventInEveryStepIsAnswered)
{
    struct Row
    {
        Event event;
        std::string_view wanted;
    };
    const std::array<Row, 23> rows{{
        //                                         RMSABVGCKU
        {mountOf(Source::smb), "M========="},
        {{What::unmount}, "=UKCGG===="},
        {{What::shareMounted}, ".S........"},
        {{What::shareFailed, EIO}, ".R........"},
        {{What::shareUnmounted}, ".........R"},
        {{What::shareUnmountFailed, EBUSY}, ".........="},
        {{What::serverReady}, "..A......."},
        {{What::serverFailed, ENOENT}, "..UCGG..U."},
        {{What::serverExited, 1}, "..UCGG..U."},
        {{What::clientFailed, ENOENT}, "...KGG...."},
        {{What::clientExited, 1}, "...KGG==.."},
        {{What::clientMoved}, ".........."},
        {{What::clientLost}, ".........."},
        {{What::gadgetBound}, "....V....."},
        {{What::gadgetFailed, ENODEV}, "....G....."},
        {{What::gadgetRemoved}, "......C..."},
        {{What::gadgetRemoveFailed, EBUSY}, "......C..."},
        {sized(bytes), "===B....CC"},
        {sized(0), "....GG==.."},
        {{What::hostEjected}, ".....G...."},
        {{What::inactive}, ".....G...."},
        {{What::timeout}, ".UKCG.C==="},
        {{What::shutdown}, ".UKCGG...."},
    }};
    for (const Row& row : rows)
    {
        std::string seen;
        for (size_t i = 0; i < letters.size(); ++i)
        {
            const auto step = static_cast<Step>(i);
            Mount mount = in(step);
            ASSERT_EQ(mount.step(), step) << name(step);
            const bool silent = mount.on(row.event).empty();
            seen += mount.step() != step
                        ? letters[static_cast<size_t>(mount.step())]
                    : silent ? '.'
                             : '=';
        }
        EXPECT_EQ(seen, row.wanted) << name(row.event.what);
    }
}

TEST(Mount, everyWordHasAName)
{
    for (int i = 0; i <= static_cast<int>(What::shutdown); ++i)
    {
        EXPECT_NE(name(static_cast<What>(i)), "") << i;
    }
    for (int i = 0; i <= static_cast<int>(Action::What::disarm); ++i)
    {
        EXPECT_NE(name(static_cast<Action::What>(i)), "") << i;
    }
    EXPECT_EQ(name(What::shutdown), "shutdown");
    EXPECT_EQ(name(Action::What::disarm), "disarm");
    EXPECT_EQ(name(Step::unmountingShare), "unmountingShare");
    EXPECT_EQ(name(Mount::State::deactivating), "deactivating");
}

} // namespace vmedia::service
