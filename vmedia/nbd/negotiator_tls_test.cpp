// SPDX-License-Identifier: Apache-2.0
#include "negotiator_fixture.hpp"

namespace vmedia::nbd
{

using namespace haggling;

TEST(Negotiator, withTlsRequiredNothingIsToldBeforeIt)
{
    const Bytes go = encodeInfoRequest("disk", {});
    Negotiator n{exports, {}, tls::Mode::require};
    n.onClientFlags(clientFixedNewstyle);
    for (Opt option : {Opt::list, Opt::info, Opt::go, Opt::structuredReply,
                       Opt::listMetaContext, Opt::extendedHeaders,
                       Opt::peekExport, Opt{0x7777}})
    {
        EXPECT_EQ(types(n.on({option, go})), Types{Rep::errTlsReqd});
        EXPECT_EQ(types(n.onSkipped(option)), Types{Rep::errTlsReqd});
    }
    EXPECT_EQ(types(send(n, Opt::startTls, "00"_hex)), Types{Rep::errInvalid});
    const Step start = send(n, Opt::startTls);
    EXPECT_EQ(types(start), Types{Rep::ack});
    EXPECT_EQ(start.next, Phase::tls);
    n.onTlsEstablished();
    EXPECT_EQ(types(send(n, Opt::startTls)), Types{Rep::errInvalid});
    EXPECT_EQ(n.on({Opt::go, go}).next, Phase::transmission);
}

TEST(Negotiator, withTlsRequiredExportNameEndsAndAbortIsAcknowledged)
{
    Negotiator n{exports, {}, tls::Mode::require};
    n.onClientFlags(clientFixedNewstyle);
    const Step name = send(n, Opt::exportName);
    EXPECT_EQ(name.next, Phase::closed);
    EXPECT_TRUE(name.raw.empty() && name.replies.empty());
    EXPECT_EQ(types(send(n, Opt::abort)), Types{Rep::ack});
}

TEST(Negotiator, nothingAgreedInClearSurvivesTls)
{
    Negotiator n{exports, {}, tls::Mode::on};
    n.onClientFlags(clientFixedNewstyle);
    send(n, Opt::structuredReply);
    meta(n, Opt::setMetaContext, "disk", {"base:allocation"});
    send(n, Opt::startTls);
    n.onTlsEstablished();
    n.on({Opt::go, encodeInfoRequest("disk", {})});
    EXPECT_EQ(n.terms().replies, Replies::simple);
    EXPECT_FALSE(n.terms().allocation);
}

TEST(Negotiator, anExportThatNeedsTlsIsHiddenUntilThen)
{
    std::vector<ExportInfo> some = exports;
    some[1].tlsOnly = true;
    const Bytes go = encodeInfoRequest("disk", {});
    Negotiator n{some, {}, tls::Mode::on};
    n.onClientFlags(clientFixedNewstyle);
    EXPECT_EQ(types(send(n, Opt::list)), (Types{Rep::server, Rep::ack}));
    EXPECT_EQ(types(n.on({Opt::go, go})), Types{Rep::errTlsReqd});
    EXPECT_EQ(send(n, Opt::exportName, "6469736b"_hex).next, Phase::closed);
    n.onTlsEstablished();
    EXPECT_EQ(types(send(n, Opt::list)),
              (Types{Rep::server, Rep::server, Rep::ack}));
    EXPECT_EQ(n.on({Opt::go, go}).next, Phase::transmission);
}

TEST(Negotiator, withoutTlsItIsRefusedAndNotRequired)
{
    Negotiator n = fixed();
    EXPECT_EQ(types(send(n, Opt::startTls)), Types{Rep::errPolicy});
    EXPECT_EQ(send(n, Opt::startTls).next, Phase::options);
}

} // namespace vmedia::nbd
