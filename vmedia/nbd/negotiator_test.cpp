// SPDX-License-Identifier: Apache-2.0
#include "negotiator_fixture.hpp"

namespace vmedia::nbd
{

using namespace haggling;

TEST(Negotiator, greetsAsFixedNewstyleWithoutZeroes)
{
    constexpr auto bytes = "4e42444d41474943 49484156454f5054 0003"_hex;
    EXPECT_EQ(Negotiator::greeting(), Bytes(bytes.begin(), bytes.end()));
}

TEST(Negotiator, dropsAClientWithUnknownFlags)
{
    EXPECT_EQ(Negotiator{exports}.onClientFlags(7), Phase::closed);
    EXPECT_EQ(Negotiator{exports}.onClientFlags(1U << 31), Phase::closed);
    EXPECT_EQ(Negotiator{exports}.onClientFlags(0), Phase::options);
}

TEST(Negotiator, answersUnknownOptionsAndGoesOn)
{
    Negotiator n = fixed();
    for (Opt option : {Opt{0x7777}, Opt{0xffffffff}, Opt::peekExport})
    {
        const Step step = send(n, option, "00000000"_hex);
        EXPECT_EQ(types(step), Types{Rep::errUnsup});
        EXPECT_EQ(step.next, Phase::options);
    }
}

TEST(Negotiator, exportNameGivesSizeAndFlagsWithoutZeroes)
{
    Negotiator n = fixed();
    const Step step = send(n, Opt::exportName, "6469736b"_hex);
    EXPECT_EQ(step.next, Phase::transmission);
    EXPECT_TRUE(step.replies.empty());
    constexpr auto want = "0000000000100000 0005"_hex;
    EXPECT_EQ(step.raw, Bytes(want.begin(), want.end()));
    EXPECT_EQ(n.terms().info, &exports[1]);
}

TEST(Negotiator, exportNameGives124ZeroesToAClientThatDidNotDeclineThem)
{
    Negotiator n{exports};
    n.onClientFlags(0);
    const Step step = send(n, Opt::exportName);
    EXPECT_EQ(step.next, Phase::transmission);
    ASSERT_EQ(step.raw.size(), 134U);
    EXPECT_EQ(Bytes(step.raw.begin() + 10, step.raw.end()), Bytes(124));
}

TEST(Negotiator, exportNameOfNoExportEndsTheSessionWithoutAByte)
{
    for (const std::string_view name :
         {std::string_view("no"), std::string_view("disk\0x", 6)})
    {
        Negotiator n = fixed();
        Bytes data;
        append(data, name);
        const Step step = n.on({Opt::exportName, data});
        EXPECT_EQ(step.next, Phase::closed);
        EXPECT_TRUE(step.raw.empty() && step.replies.empty());
    }
}

TEST(Negotiator, aClientThatIsNotFixedMayOnlySendExportName)
{
    Negotiator n{exports};
    n.onClientFlags(0);
    const Step step = send(n, Opt::list);
    EXPECT_EQ(step.next, Phase::closed);
    EXPECT_TRUE(step.replies.empty());
}

TEST(Negotiator, listNamesEveryExportOnce)
{
    Negotiator n = fixed();
    const Step step = send(n, Opt::list);
    EXPECT_EQ(types(step), (Types{Rep::server, Rep::server, Rep::ack}));
    constexpr auto disk = "00000004 6469736b 61206469736b"_hex;
    EXPECT_EQ(step.replies[1].data, Bytes(disk.begin(), disk.end()));
}

TEST(Negotiator, listWithDataIsRefusedAndNothingElse)
{
    Negotiator n = fixed();
    const Step step = send(n, Opt::list, "00000000"_hex);
    EXPECT_EQ(types(step), Types{Rep::errInvalid});
    EXPECT_EQ(step.next, Phase::options);
}

TEST(Negotiator, abortIsAcknowledgedEvenWithData)
{
    Negotiator n = fixed();
    const Step step = send(n, Opt::abort, "0102"_hex);
    EXPECT_EQ(types(step), Types{Rep::ack});
    EXPECT_TRUE(step.replies[0].data.empty());
    EXPECT_EQ(step.next, Phase::closed);
}

TEST(Negotiator, infoTellsAndStaysAndGoTellsTheSameAndGoes)
{
    Negotiator n = fixed();
    const auto wanted = "00000000 0001 0003"_hex; // "", BLOCK_SIZE
    const Step info = send(n, Opt::info, wanted);
    Step go = send(n, Opt::go, wanted);
    EXPECT_EQ(info.next, Phase::options);
    EXPECT_EQ(go.next, Phase::transmission);
    EXPECT_EQ(n.terms().info, exports.data());
    EXPECT_EQ(types(info), (Types{Rep::info, Rep::info, Rep::ack}));
    for (OptionReply& reply : go.replies)
    {
        reply.option = Opt::info;
    }
    EXPECT_EQ(info.replies, go.replies);
    constexpr auto size = "0000 0000000000168000 0003"_hex;
    EXPECT_EQ(info.replies[0].data, Bytes(size.begin(), size.end()));
}

TEST(Negotiator, eachInformationComesOnceAndUnknownOnesAreIgnored)
{
    Negotiator n = fixed();
    const Step step = send(
        n, Opt::info, "00000004 6469736b 0005 0001 0001 0000 7777 0002"_hex);
    EXPECT_EQ(types(step), (Types{Rep::info, Rep::info, Rep::info, Rep::ack}));
}

TEST(Negotiator, refusesBadInfoAndStaysUsable)
{
    struct
    {
        Bytes data;
        Rep want;
    } rows[] = {
        {{}, Rep::errInvalid},
        {encodeInfoRequest("no", {}), Rep::errUnknown},
        {encodeInfoRequest(std::string(4096, 'x'), {}), Rep::errUnknown},
        {encodeInfoRequest(std::string(4097, 'x'), {}), Rep::errInvalid},
        {encodeInfoRequest(std::string_view("disk\0", 5), {}), Rep::errInvalid},
    };
    Negotiator n = fixed();
    for (const auto& row : rows)
    {
        for (Opt option : {Opt::info, Opt::go})
        {
            const Step step = n.on({option, row.data});
            EXPECT_EQ(types(step), Types{row.want});
            EXPECT_EQ(step.next, Phase::options);
        }
    }
    EXPECT_EQ(n.terms().info, nullptr);
    EXPECT_EQ(types(send(n, Opt::list)).back(), Rep::ack);
}

TEST(Negotiator, boundsWhatItKeepsAndHowLongItHaggles)
{
    using Data = Negotiator::Data;
    Negotiator n = fixed({.options = 3, .keptBytes = 100, .dataBytes = 1000});
    EXPECT_EQ(n.onHeader({Opt::list, 100}), Data::keep);
    EXPECT_EQ(n.onHeader({Opt::list, 101}), Data::skip);
    EXPECT_EQ(n.onHeader({Opt::list, 1001}), Data::giveUp);
    // Not skipped either: there is no reply that could refuse it.
    EXPECT_EQ(n.onHeader({Opt::exportName, 100}), Data::keep);
    EXPECT_EQ(n.onHeader({Opt::exportName, 101}), Data::giveUp);
    EXPECT_EQ(fixed().onHeader({Opt::exportName, 4097}), Data::giveUp);
    EXPECT_EQ(types(n.onSkipped(Opt::info)), Types{Rep::errInvalid});
    EXPECT_EQ(types(n.onSkipped(Opt{99})), Types{Rep::errUnsup});
    EXPECT_EQ(n.onHeader({Opt::list, 0}), Data::keep);
    EXPECT_EQ(n.onSkipped(Opt::abort).next, Phase::closed);
    EXPECT_EQ(n.onHeader({Opt::list, 0}), Data::giveUp);
}

TEST(Negotiator, structuredRepliesAreAgreedOnOnceOrTwice)
{
    Negotiator n = fixed();
    EXPECT_EQ(types(send(n, Opt::structuredReply, "00000000"_hex)),
              Types{Rep::errInvalid});
    EXPECT_EQ(types(send(n, Opt::structuredReply)), Types{Rep::ack});
    EXPECT_EQ(types(send(n, Opt::structuredReply)), Types{Rep::ack});
    send(n, Opt::exportName);
    EXPECT_EQ(n.terms().replies, Replies::structured);
    EXPECT_EQ(n.terms().flags, exports[0].flags | sendDf);
}

TEST(Negotiator, extendedHeadersTakePrecedence)
{
    Negotiator n = fixed();
    send(n, Opt::structuredReply);
    EXPECT_EQ(types(send(n, Opt::extendedHeaders)), Types{Rep::ack});
    EXPECT_EQ(types(send(n, Opt::structuredReply)),
              Types{Rep::errExtHeaderReqd});
    EXPECT_EQ(send(n, Opt::exportName).next, Phase::closed);
}

TEST(Negotiator, listsTheOneContextThatThereIs)
{
    struct
    {
        std::vector<std::string_view> queries;
        bool found;
    } rows[] = {
        {{}, true},
        {{"base:"}, true},
        {{"base:allocation"}, true},
        {{"base:nosuch"}, false},
        {{"x-none:y"}, false},
        {{"x-none:y", "base:allocation", "base:allocation"}, true},
    };
    Negotiator n = fixed();
    for (const auto& row : rows)
    {
        const Step step = meta(n, Opt::listMetaContext, "disk", row.queries);
        EXPECT_EQ(types(step), row.found ? (Types{Rep::metaContext, Rep::ack})
                                         : Types{Rep::ack});
    }
}

TEST(Negotiator, selectsAContextForOneExportUntilTheNextAttempt)
{
    const auto selected = [](auto script) {
        Negotiator n = fixed();
        send(n, Opt::structuredReply);
        script(n);
        n.on({Opt::go, encodeInfoRequest("disk", {})});
        return n.terms().allocation;
    };
    const auto set = [](Negotiator& n, std::string_view name,
                        std::vector<std::string_view> queries) {
        return types(meta(n, Opt::setMetaContext, name, std::move(queries)));
    };
    EXPECT_TRUE(selected([&](Negotiator& n) {
        EXPECT_EQ(set(n, "disk", {"base:allocation", "base:allocation"}),
                  (Types{Rep::metaContext, Rep::ack}));
    }));
    EXPECT_FALSE(selected([&](Negotiator& n) {
        EXPECT_EQ(set(n, "disk", {"base:"}), Types{Rep::ack});
    }));
    EXPECT_FALSE(selected([&](Negotiator& n) {
        set(n, "", {"base:allocation"}); // of another export
    }));
    EXPECT_FALSE(selected([&](Negotiator& n) {
        set(n, "disk", {"base:allocation"});
        EXPECT_EQ(set(n, "disk", {}), Types{Rep::ack});
    }));
    EXPECT_FALSE(selected([&](Negotiator& n) {
        set(n, "disk", {"base:allocation"});
        EXPECT_EQ(types(send(n, Opt::setMetaContext, "ffffffff"_hex)),
                  Types{Rep::errInvalid});
    }));
}

TEST(Negotiator, contextsNeedStructuredRepliesAndAnExport)
{
    Negotiator n = fixed();
    EXPECT_EQ(types(meta(n, Opt::setMetaContext, "disk", {"base:allocation"})),
              Types{Rep::errInvalid});
    EXPECT_EQ(types(meta(n, Opt::listMetaContext, "no", {})),
              Types{Rep::errUnknown});
    EXPECT_EQ(types(meta(n, Opt::listMetaContext, "disk",
                         {std::string_view("base:\0", 6)})),
              Types{Rep::errInvalid});
}

TEST(Negotiator, refusesOptionsOnceItIsStopping)
{
    Negotiator n = fixed();
    n.onStopping();
    EXPECT_EQ(types(send(n, Opt::list)), Types{Rep::errShutdown});
    EXPECT_EQ(send(n, Opt::exportName).next, Phase::closed);
    EXPECT_EQ(types(send(n, Opt::abort)), Types{Rep::ack});
}

TEST(Negotiator, advertisesTheBlockStatusPayloadWhereThereIsUseForIt)
{
    const auto filters = [](Opt replies, bool context) {
        Negotiator n = fixed();
        send(n, replies);
        if (context)
        {
            meta(n, Opt::setMetaContext, "", {"base:allocation"});
        }
        send(n, Opt::go, "00000000 0000"_hex);
        return (n.terms().flags & blockStatusPayload) != 0;
    };
    EXPECT_TRUE(filters(Opt::extendedHeaders, true));
    EXPECT_FALSE(filters(Opt::extendedHeaders, false));
    EXPECT_FALSE(filters(Opt::structuredReply, true));
}

} // namespace vmedia::nbd
