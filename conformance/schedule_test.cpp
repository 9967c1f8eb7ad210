// SPDX-License-Identifier: Apache-2.0
#include "schedule.hpp"

#include <set>

#include <gtest/gtest.h>

namespace conformance
{

TEST(Schedule, aWorkerStaysInItsGroupAndThenTakesTheEarliest)
{
    Schedule schedule({0, 1, 0, 1, 2}, 1);
    std::vector<size_t> order;
    std::optional<Job> last;
    while ((last = schedule.next(last)))
    {
        order.push_back(last->row);
    }
    EXPECT_EQ(order, (std::vector<size_t>{0, 2, 1, 3, 4}));
}

TEST(Schedule, severalWorkersShareAGroup)
{
    Schedule schedule({0, 0, 0, 1}, 1);
    const auto first = schedule.next({});
    const auto second = schedule.next({});
    EXPECT_EQ(first, (Job{0, 0}));
    EXPECT_EQ(second, (Job{0, 1}));
    EXPECT_EQ(schedule.next(second), (Job{0, 2}));
    EXPECT_EQ(schedule.next(first), (Job{0, 3}));
    EXPECT_FALSE(schedule.next(second));
}

TEST(Schedule, givesOutEachCaseOfEachRoundOnce)
{
    const std::vector<size_t> groups{0, 1, 0, 2, 1, 0, 0};
    Schedule schedule(groups, 5);
    std::set<Job> given;
    std::optional<Job> workers[3];
    for (size_t turn = 0;; ++turn)
    {
        auto& worker = workers[turn * turn % 3];
        const auto job = schedule.next(worker);
        if (!job)
        {
            break;
        }
        EXPECT_TRUE(given.insert(*job).second);
        worker = job;
    }
    EXPECT_EQ(given.size(), 5 * groups.size());
}

TEST(Schedule, ofNothingIsNothing)
{
    Schedule schedule({}, 3);
    EXPECT_FALSE(schedule.next({}));
}

} // namespace conformance
