// SPDX-License-Identifier: Apache-2.0
#include "transmission.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace vmedia::nbd
{

namespace
{

using Action = Plan::Action;
constexpr uint32_t mebi = 1 << 20;
const ExportInfo disk{"disk", "", mebi, hasFlags | sendFlush | sendFua};
const ExportInfo medium{"", "", mebi, hasFlags | readOnly};

Plan refused(ErrorValue error, uint32_t skip = 0)
{
    return {Action::refuse, error, skip};
}

Plan planOf(Cmd type, uint64_t offset, uint32_t length, uint16_t flags = 0,
            const ExportInfo& info = disk)
{
    return plan({flags, type, 1, offset, length}, info);
}

} // namespace

TEST(Transmission, servesReadsUpToTheLastByteAndNotBeyond)
{
    EXPECT_EQ(planOf(Cmd::read, 0, mebi), Plan{Action::read});
    EXPECT_EQ(planOf(Cmd::read, mebi - 1, 1), Plan{Action::read});
    EXPECT_EQ(planOf(Cmd::read, mebi, 0), Plan{Action::read});
    EXPECT_EQ(planOf(Cmd::read, mebi, 1), refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::read, mebi - 1, 2), refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::read, UINT64_MAX, 2), refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::read, UINT64_MAX - 511, 512),
              refused(ErrorValue::einval));
}

TEST(Transmission, aRefusedWriteSkipsItsPayload)
{
    EXPECT_EQ(planOf(Cmd::write, 0, 512), Plan{Action::write});
    EXPECT_EQ(planOf(Cmd::write, mebi, 512), refused(ErrorValue::enospc, 512));
    EXPECT_EQ(planOf(Cmd::write, UINT64_MAX, 512),
              refused(ErrorValue::enospc, 512));
    EXPECT_EQ(planOf(Cmd::write, 0, 512, 0, medium),
              refused(ErrorValue::eperm, 512));
    EXPECT_EQ(planOf(Cmd::write, 0, 512, 1 << 15),
              refused(ErrorValue::einval, 512));
}

TEST(Transmission, boundsTheSizeOfARequest)
{
    const ExportInfo big{"", "", uint64_t{1} << 40, hasFlags};
    EXPECT_EQ(planOf(Cmd::read, 0, 32 * mebi, 0, big), Plan{Action::read});
    EXPECT_EQ(planOf(Cmd::read, 0, 32 * mebi + 1, 0, big),
              refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::write, 0, 33 * mebi, 0, big),
              refused(ErrorValue::einval, 33 * mebi));
    EXPECT_EQ(planOf(Cmd::write, 0, UINT32_MAX, 0, big), Plan{Action::giveUp});
}

TEST(Transmission, acceptsFuaOnlyWhereItWasAdvertised)
{
    EXPECT_EQ(planOf(Cmd::read, 0, 1, commandFua), Plan{Action::read});
    EXPECT_EQ(planOf(Cmd::flush, 0, 0, commandFua), Plan{Action::flush});
    EXPECT_EQ(planOf(Cmd::read, 0, 1, commandFua, medium),
              refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::read, 0, 1, commandDf), refused(ErrorValue::einval));
}

TEST(Transmission, refusesWhatWasNotAdvertised)
{
    EXPECT_EQ(planOf(Cmd::flush, 0, 0, 0, medium), refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::trim, 0, 512), refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::trim, 0, 512, 0, medium), refused(ErrorValue::eperm));
    for (Cmd type : {Cmd::cache, Cmd::blockStatus, Cmd::resize, Cmd{99}})
    {
        EXPECT_EQ(planOf(type, 0, 512), refused(ErrorValue::einval));
    }
}

TEST(Transmission, disconnectsWhateverElseTheRequestSays)
{
    EXPECT_EQ(planOf(Cmd::disc, 7, 9, 0xffff), Plan{Action::disconnect});
}

TEST(Transmission, mapsSystemErrorsToTheEightOfTheProtocol)
{
    EXPECT_EQ(toErrorValue(0), ErrorValue::none);
    EXPECT_EQ(toErrorValue(EROFS), ErrorValue::eperm);
    EXPECT_EQ(toErrorValue(EDQUOT), ErrorValue::enospc);
    EXPECT_EQ(toErrorValue(ENXIO), ErrorValue::eio);
}

} // namespace vmedia::nbd
