// SPDX-License-Identifier: Apache-2.0
#include "qmp.hpp"

#include <gtest/gtest.h>

namespace sim
{

// Taken from QEMU 7.2's monitor.
constexpr std::string_view usernet =
    "Hub -1 (n):\r\n"
    "  Protocol[State]    FD  Source Address  Port   Dest. Address  Port RecvQ SendQ\r\n"
    "  TCP[HOST_FORWARD]  13       127.0.0.1 34829      192.0.2.15   443     0     0\r\n"
    "  TCP[HOST_FORWARD]  12       127.0.0.1 40123      192.0.2.15  4000     0     0\r\n";

TEST(Usernet, givesThePortThatQemuChose)
{
    EXPECT_EQ(findForward(usernet, 443), 34829);
    EXPECT_EQ(findForward(usernet, 4000), 40123);
}

TEST(Usernet, aPortThatIsNotForwardedHasNone)
{
    EXPECT_EQ(findForward(usernet, 22), std::nullopt);
    EXPECT_EQ(findForward("", 443), std::nullopt);
}

} // namespace sim
