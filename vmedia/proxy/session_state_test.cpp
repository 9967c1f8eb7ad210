// SPDX-License-Identifier: Apache-2.0
#include "session_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmedia::proxy
{

using testing::ElementsAre;
using testing::IsEmpty;
using What = Event::What;

namespace
{

SessionState served()
{
    SessionState state{{"/dev/nbd0", "0"}};
    state.on({What::connected});
    state.on({What::deviceReady});
    state.on({What::startEnded, 0});
    return state;
}

} // namespace

TEST(SessionState, startHookRunsAtTheFirstSizeOnly)
{
    SessionState state{{"/dev/nbd0", "0"}};
    EXPECT_THAT(state.on({What::connected}), IsEmpty());
    EXPECT_THAT(state.on({What::deviceReady}),
                ElementsAre(Action::disarm, Action::runStart));
    EXPECT_THAT(state.on({What::deviceReady}), IsEmpty());
    EXPECT_THAT(state.on({What::startEnded, 0}), IsEmpty()) << "W5";
    EXPECT_THAT(state.on({What::deviceReady}), IsEmpty());
}

TEST(SessionState, farEndClosedStopsHookThenLetsTheClientLeave)
{
    SessionState state = served();
    EXPECT_THAT(state.on({What::farEndClosed}),
                ElementsAre(Action::runStop, Action::armHookDeadline));
    EXPECT_THAT(state.on({What::stopEnded, 0}),
                ElementsAre(Action::armGraceDeadline));
    EXPECT_THAT(state.on({What::clientEnded, 1}),
                ElementsAre(Action::disarm, Action::finish));
    EXPECT_TRUE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason, "the far end closed the connection");
}

TEST(SessionState, aClientThatDoesNotLeaveIsTerminatedAndThenKilled)
{
    SessionState state = served();
    state.on({What::farEndClosed});
    state.on({What::stopEnded, 0});
    EXPECT_THAT(state.on({What::deadline}),
                ElementsAre(Action::terminateClient, Action::armGraceDeadline));
    EXPECT_THAT(state.on({What::deadline}), ElementsAre(Action::killClient));
    EXPECT_THAT(state.on({What::clientEnded, 137}),
                ElementsAre(Action::disarm, Action::finish));
    EXPECT_TRUE(state.outcome().orderly);
}

TEST(SessionState, signalTerminatesTheClientOnlyAfterTheStopHook)
{
    SessionState state = served();
    EXPECT_THAT(state.on({What::signalled, 0, "SIGTERM"}),
                ElementsAre(Action::runStop, Action::armHookDeadline));
    EXPECT_THAT(state.on({What::stopEnded, 0}),
                ElementsAre(Action::terminateClient, Action::armGraceDeadline));
    EXPECT_EQ(state.outcome().reason, "SIGTERM");
}

// W6
TEST(SessionState, stopHookWaitsForAStartHookThatStillRuns)
{
    SessionState state{{"/dev/nbd0", "0"}};
    state.on({What::connected});
    state.on({What::deviceReady});
    EXPECT_THAT(state.on({What::farEndClosed}),
                ElementsAre(Action::armHookDeadline));
    EXPECT_THAT(state.on({What::deadline}), ElementsAre(Action::killHook));
    EXPECT_THAT(state.on({What::startEnded, 137}),
                ElementsAre(Action::runStop, Action::armHookDeadline));
    EXPECT_FALSE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason,
              "the far end closed the connection; state start 0 did not end "
              "in time and was killed");
}

// W7
TEST(SessionState, nothingCutsTheStopHookShort)
{
    SessionState state = served();
    state.on({What::farEndClosed});
    EXPECT_THAT(state.on({What::signalled, 0, "SIGTERM"}), IsEmpty());
    EXPECT_THAT(state.on({What::clientHungUp}), IsEmpty());
    EXPECT_THAT(state.on({What::clientEnded, 1}), IsEmpty());
    EXPECT_THAT(state.on({What::relayFailed, 0, "read"}), IsEmpty());
    EXPECT_THAT(state.on({What::stopEnded, 0}),
                ElementsAre(Action::disarm, Action::finish));
    EXPECT_TRUE(state.outcome().orderly);
}

TEST(SessionState, failedStartHookIsAFailureAndIsCleanedUpAfter)
{
    SessionState state{{"/dev/nbd0", "0"}};
    state.on({What::connected});
    state.on({What::deviceReady});
    EXPECT_THAT(state.on({What::startEnded, 3, "state: no free UDC"}),
                ElementsAre(Action::runStop, Action::armHookDeadline));
    EXPECT_FALSE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason,
              "state start 0 exited with status 3: state: no free UDC");
}

TEST(SessionState, failedStopHookTurnsSuccessIntoFailure)
{
    SessionState state = served();
    state.on({What::farEndClosed});
    state.on({What::stopEnded, 1});
    EXPECT_FALSE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason, "the far end closed the connection; "
                                      "state stop 0 exited with status 1");
}

TEST(SessionState, noStopHookWithoutAStartHook)
{
    SessionState state{{"/dev/nbd0", "0"}};
    state.on({What::connected});
    EXPECT_THAT(state.on({What::signalled, 0, "SIGTERM"}),
                ElementsAre(Action::terminateClient, Action::armGraceDeadline));
    EXPECT_FALSE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason, "SIGTERM before /dev/nbd0 had a size");
}

TEST(SessionState, withoutAHookReadyMeansServed)
{
    SessionState state{{"/dev/nbd0", "0", false}};
    state.on({What::connected});
    EXPECT_THAT(state.on({What::deviceReady}), ElementsAre(Action::disarm));
    EXPECT_THAT(state.on({What::clientEnded, 0}),
                ElementsAre(Action::disarm, Action::finish));
    EXPECT_TRUE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason, "nbd-client disconnected");
}

TEST(SessionState, clientThatEndsBeforeItConnectsIsAFailureWithItsLastLine)
{
    SessionState state{{"/dev/nbd0", "0"}};
    EXPECT_THAT(state.on({What::clientEnded, 1, "Cannot open NBD"}),
                ElementsAre(Action::disarm, Action::finish));
    EXPECT_FALSE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason,
              "nbd-client exited with status 1: Cannot open NBD");
}

TEST(SessionState, clientThatFailsWhileServingIsAFailure)
{
    SessionState state = served();
    EXPECT_THAT(state.on({What::clientEnded, 139}),
                ElementsAre(Action::runStop, Action::armHookDeadline));
    EXPECT_FALSE(state.outcome().orderly);
    EXPECT_EQ(state.outcome().reason, "nbd-client was ended by signal 11");
}

TEST(SessionState, hangUpWaitsForTheExitStatusThatExplainsIt)
{
    SessionState state = served();
    EXPECT_THAT(state.on({What::clientHungUp}),
                ElementsAre(Action::armGraceDeadline));
    state.on({What::clientEnded, 0});
    EXPECT_EQ(state.outcome().reason, "nbd-client disconnected");
    EXPECT_TRUE(state.outcome().orderly);
}

TEST(SessionState, hangUpWithoutAnExitEndsInTime)
{
    SessionState state = served();
    state.on({What::clientHungUp});
    EXPECT_THAT(state.on({What::deadline}),
                ElementsAre(Action::runStop, Action::armHookDeadline));
    EXPECT_EQ(state.outcome().reason,
              "nbd-client hung up and did not exit in time");
}

TEST(SessionState, aDeviceWithoutASizeInTimeIsAFailure)
{
    SessionState state{{"/dev/nbd0", "0"}};
    state.on({What::connected});
    EXPECT_THAT(state.on({What::deadline}),
                ElementsAre(Action::terminateClient, Action::armGraceDeadline));
    EXPECT_EQ(state.outcome().reason, "/dev/nbd0 got no size in time");
}

/// The peer vanishes at each step of a whole session: it always ends, and
/// stop runs exactly when start did.
TEST(SessionState, vanishingAtAnyStepEndsWithStopExactlyAfterStart)
{
    const std::vector<Event> script{
        {What::connected}, {What::deviceReady}, {What::startEnded, 0}};
    for (size_t steps = 0; steps <= script.size(); ++steps)
    {
        SessionState state{{"/dev/nbd0", "0"}};
        std::vector<Action> seen;
        bool startRuns = false;
        const auto feed = [&](const Event& event) {
            for (Action action : state.on(event))
            {
                seen.push_back(action);
            }
        };
        for (size_t i = 0; i < steps; ++i)
        {
            feed(script[i]);
        }
        feed({What::farEndClosed});
        startRuns = steps == 2;
        if (startRuns)
        {
            feed({What::startEnded, 0});
        }
        const bool started = steps >= 2;
        if (started)
        {
            feed({What::stopEnded, 0});
        }
        feed({What::clientEnded, 0});
        EXPECT_EQ(std::ranges::count(seen, Action::runStop), started ? 1 : 0)
            << "after " << steps << " steps";
        EXPECT_EQ(seen.back(), Action::finish) << "after " << steps << " steps";
    }
}

} // namespace vmedia::proxy
