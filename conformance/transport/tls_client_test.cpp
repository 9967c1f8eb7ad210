// SPDX-License-Identifier: Apache-2.0
#include "conformance/transport/keys.hpp"
#include "tls_client.hpp"
#include "vmedia/nbd/wire.hpp"

#include <gtest/gtest.h>

namespace conformance
{

using State = TlsClient::State;
using namespace vmedia::nbd;

namespace
{

TlsClient client(const TlsWish& wish)
{
    auto made = TlsClient::make(wish);
    EXPECT_TRUE(made) << describe(made.error());
    return std::move(*made);
}

unsigned at(const Bytes& bytes, size_t i)
{
    return std::to_integer<unsigned>(bytes.at(i));
}

} // namespace

TEST(TlsClient, saysHelloAndWaits)
{
    const auto keys = Keys::make();
    ASSERT_TRUE(keys);
    TlsClient alice = client((*keys)->alice);
    EXPECT_EQ(alice.shakeHands(), State::wantsMore);
    const Bytes hello = alice.outgoing();
    ASSERT_GT(hello.size(), 6U);
    EXPECT_EQ(at(hello, 0), 22U); // RFC 8446, section 5.1: handshake
    EXPECT_EQ(at(hello, 5), 1U);  // section 4: client_hello
    EXPECT_EQ(alice.firstByte(), -1);
}

TEST(TlsClient, takesNothingThatIsNoTls)
{
    TlsClient anyone = client({});
    EXPECT_EQ(anyone.shakeHands(), State::wantsMore);
    Bytes reply; // such as one of NBD's, in clear
    append(reply,
           pack<20>(optionReplyMagic, Opt::startTls, Rep::ack, uint32_t{0}));
    anyone.incoming(reply);
    EXPECT_EQ(anyone.shakeHands(), State::garbled);
    EXPECT_EQ(anyone.firstByte(), 0);
    EXPECT_FALSE(anyone.how().empty());
}

TEST(TlsClient, tellsAnAlert)
{
    TlsClient anyone = client({});
    EXPECT_EQ(anyone.shakeHands(), State::wantsMore);
    // RFC 8446, section 6: fatal, handshake_failure
    anyone.incoming(Bytes{std::byte{21}, std::byte{3}, std::byte{3},
                          std::byte{0}, std::byte{2}, std::byte{2},
                          std::byte{40}});
    EXPECT_EQ(anyone.shakeHands(), State::ended);
    EXPECT_EQ(anyone.how(), "the alert 'handshake failure'");
}

TEST(TlsClient, refusesAWishThatIsNone)
{
    TlsWish wish;
    wish.ciphers = "NO-SUCH-CIPHER";
    EXPECT_FALSE(TlsClient::make(wish));
    EXPECT_FALSE(TlsClient::make({.certificate = "no PEM"}));
}

} // namespace conformance
