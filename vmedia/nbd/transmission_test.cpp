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

Plan refused(ErrorValue error)
{
    return {Action::refuse, error};
}

Plan planOf(Cmd type, uint64_t offset, uint32_t length, uint16_t flags = 0,
            const ExportInfo& info = disk, Replies replies = Replies::simple,
            bool allocation = false)
{
    return plan(Command::of(Request{flags, type, 1, offset, length}),
                {&info, info.flags, replies, allocation});
}

Plan planExtended(Cmd type, uint64_t offset, uint64_t length,
                  uint16_t flags = 0, const ExportInfo& info = disk)
{
    return plan(Command::of(ExtendedRequest{flags, type, 1, offset, length}),
                {&info, info.flags, Replies::extended, true});
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

TEST(Transmission, aRefusedWriteSaysWhy)
{
    EXPECT_EQ(planOf(Cmd::write, 0, 512), Plan{Action::write});
    EXPECT_EQ(planOf(Cmd::write, mebi, 512), refused(ErrorValue::enospc));
    EXPECT_EQ(planOf(Cmd::write, UINT64_MAX, 512), refused(ErrorValue::enospc));
    EXPECT_EQ(planOf(Cmd::write, 0, 512, 0, medium),
              refused(ErrorValue::eperm));
    EXPECT_EQ(planOf(Cmd::write, 0, 512, 1 << 15), refused(ErrorValue::einval));
}

TEST(Transmission, boundsTheSizeOfARequest)
{
    const ExportInfo big{"", "", uint64_t{1} << 40, hasFlags};
    EXPECT_EQ(planOf(Cmd::read, 0, 32 * mebi, 0, big), Plan{Action::read});
    EXPECT_EQ(planOf(Cmd::read, 0, 32 * mebi + 1, 0, big),
              refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::write, 0, 33 * mebi, 0, big),
              refused(ErrorValue::einval));
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

TEST(Transmission, onlyAWriteHasAPayloadInACompactRequest)
{
    EXPECT_EQ(Command::of(Request{0, Cmd::write, 1, 0, 512}).payload, 512U);
    for (Cmd type : {Cmd::read, Cmd::trim, Cmd::blockStatus, Cmd{99}})
    {
        EXPECT_EQ(Command::of(Request{0, type, 1, 0, 512}).payload, 0U);
    }
}

TEST(Transmission, anExtendedRequestSaysWhetherItCarriesAPayload)
{
    const ExtendedRequest with{commandPayloadLen, Cmd::read, 1, 0, 16};
    EXPECT_EQ(Command::of(with).payload, 16U);
    EXPECT_EQ(planExtended(Cmd::read, 0, 16, commandPayloadLen),
              refused(ErrorValue::einval));
    EXPECT_EQ(planExtended(Cmd::write, 0, 16, commandPayloadLen),
              Plan{Action::write});
    EXPECT_EQ(planExtended(Cmd::write, 0, 16), refused(ErrorValue::einval));
    EXPECT_EQ(
        planExtended(Cmd::write, 0, uint64_t{33} * mebi, commandPayloadLen),
        Plan{Action::giveUp});
}

TEST(Transmission, extendedLengthsOf64BitsDoNotWrap)
{
    const ExportInfo big{"", "", uint64_t{1} << 40, hasFlags | sendTrim};
    EXPECT_EQ(planExtended(Cmd::trim, 0, uint64_t{1} << 40, 0, big),
              Plan{Action::trim});
    for (uint64_t length : {uint64_t{1} << 63, UINT64_MAX})
    {
        EXPECT_EQ(planExtended(Cmd::trim, 512, length, 0, big),
                  refused(ErrorValue::einval));
        EXPECT_EQ(planExtended(Cmd::read, 512, length, 0, big),
                  refused(ErrorValue::einval));
    }
}

TEST(Transmission, servesWhatIsAdvertised)
{
    const ExportInfo full{"", "", mebi,
                          hasFlags | sendTrim | sendWriteZeroes | sendFastZero |
                              sendCache};
    EXPECT_EQ(planOf(Cmd::trim, 0, 512, 0, full), Plan{Action::trim});
    EXPECT_EQ(planOf(Cmd::trim, mebi, 512, 0, full),
              refused(ErrorValue::einval));
    EXPECT_EQ(
        planOf(Cmd::writeZeroes, 0, 512, commandNoHole | commandFastZero, full),
        Plan{Action::zero});
    EXPECT_EQ(planOf(Cmd::writeZeroes, mebi, 512, 0, full),
              refused(ErrorValue::enospc));
    EXPECT_EQ(planOf(Cmd::writeZeroes, 0, 512, commandDf, full),
              refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::cache, 0, mebi, 0, full), Plan{Action::cache});
    EXPECT_EQ(planOf(Cmd::cache, 1, mebi, 0, full),
              refused(ErrorValue::einval));
}

TEST(Transmission, fastZeroNeedsToBeAdvertised)
{
    const ExportInfo slow{"", "", mebi, hasFlags | sendWriteZeroes};
    EXPECT_EQ(planOf(Cmd::writeZeroes, 0, 512, commandFastZero, slow),
              refused(ErrorValue::einval));
}

TEST(Transmission, dontFragmentAndBlockStatusNeedStructuredReplies)
{
    EXPECT_EQ(planOf(Cmd::read, 0, 1, commandDf), refused(ErrorValue::einval));
    EXPECT_EQ(planOf(Cmd::read, 0, 1, commandDf, disk, Replies::structured),
              Plan{Action::read});
    const auto status = [](uint32_t length, uint16_t flags, bool selected) {
        return planOf(Cmd::blockStatus, 0, length, flags, disk,
                      Replies::structured, selected);
    };
    EXPECT_EQ(status(mebi, 0, true), Plan{Action::blockStatus});
    EXPECT_EQ(status(512, commandReqOne, true), Plan{Action::blockStatus});
    EXPECT_EQ(status(mebi, 0, false), refused(ErrorValue::einval));
    EXPECT_EQ(status(0, 0, true), refused(ErrorValue::einval));
    EXPECT_EQ(status(mebi + 1, 0, true), refused(ErrorValue::einval));
}

TEST(Transmission, aReadTooLargeIsAnOverflowWhereRepliesAreStructured)
{
    const ExportInfo big{"", "", uint64_t{1} << 40, hasFlags};
    EXPECT_EQ(planOf(Cmd::read, 0, 33 * mebi, 0, big, Replies::structured),
              refused(ErrorValue::eoverflow));
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

TEST(Transmission, aPayloadOfBlockStatusIsTakenWhereItWasAdvertised)
{
    const ExportInfo filters{"", "", mebi, hasFlags | blockStatusPayload};
    constexpr uint16_t carries = commandPayloadLen;
    EXPECT_EQ(planExtended(Cmd::blockStatus, 0, 12, carries, filters),
              Plan{Action::blockStatus});
    EXPECT_EQ(planExtended(Cmd::blockStatus, 0, 12, carries),
              refused(ErrorValue::einval));
    for (const uint64_t size : {0U, 8U, 11U, 16U})
    {
        EXPECT_EQ(planExtended(Cmd::blockStatus, 0, size, carries, filters),
                  refused(ErrorValue::einval));
    }
}

TEST(Transmission, aPayloadOfBlockStatusBecomesTheCommandWithoutOne)
{
    using namespace literals;
    const Terms terms{&disk, hasFlags | blockStatusPayload, Replies::extended,
                      true};
    const Command sent{
        commandPayloadLen | commandReqOne, Cmd::blockStatus, 1, 512, 12, 12};
    Command command = sent;
    EXPECT_EQ(planWithPayload(command, "0000000000000400 00000001"_hex, terms),
              Plan{Action::blockStatus});
    EXPECT_EQ(command.length, 1024U);
    EXPECT_EQ(command.flags, commandReqOne);
    EXPECT_EQ(command.payload, 0U);
    command = sent;
    EXPECT_EQ(planWithPayload(command, "0000000000000400 00000002"_hex, terms),
              refused(ErrorValue::einval));
    command = sent;
    EXPECT_EQ(planWithPayload(command, "0000000000000000 00000001"_hex, terms),
              refused(ErrorValue::einval));
    command = sent;
    EXPECT_EQ(planWithPayload(command, "ffffffffffffffff 00000001"_hex, terms),
              refused(ErrorValue::einval));
}

} // namespace vmedia::nbd
