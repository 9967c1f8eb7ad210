// SPDX-License-Identifier: Apache-2.0
#include "credentials.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <array>

#include <gtest/gtest.h>

namespace vmedia::remote
{

namespace
{

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;

std::string told(const Result<Credentials>& read)
{
    return read ? std::string(read->user.text()) + "|" +
                      std::string(read->password.text())
                : describe(read.error());
}

/// What comes of @p bytes in a pipe, which the writer closes or does not.
std::string readFrom(std::string_view bytes, bool closes,
                     std::chrono::milliseconds deadline)
{
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::write(pipe[1], bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    if (closes)
    {
        ::close(pipe[1]);
    }
    boost::asio::io_context io;
    std::string seen;
    boost::asio::co_spawn(
        io, readCredentials(io.get_executor(), pipe[0], deadline),
        [&seen](const std::exception_ptr&, const Result<Credentials>& read) {
        seen = told(read);
    });
    io.run();
    EXPECT_EQ(::fcntl(pipe[0], F_GETFD), -1) << "it is closed";
    if (!closes)
    {
        ::close(pipe[1]);
    }
    return seen;
}

TEST(Credentials, areTwoFields)
{
    EXPECT_EQ(told(parseCredentials("me\0pass word\0"sv)), "me|pass word");
    EXPECT_EQ(told(parseCredentials("me\0pass"sv)), "me|pass");
    EXPECT_EQ(told(parseCredentials("me\0\0"sv)), "me|");
    EXPECT_EQ(told(parseCredentials("me"sv)), "me|");
    EXPECT_EQ(told(parseCredentials("\0\0"sv)), "|");
    EXPECT_EQ(told(parseCredentials(""sv)), "|");
    EXPECT_EQ(told(parseCredentials("a,b=c\0p,q;$(x)\0"sv)), "a,b=c|p,q;$(x)");
}

TEST(Credentials, areBounded)
{
    const std::string most(512, 'x');
    EXPECT_EQ(told(parseCredentials(most + '\0' + most + '\0')),
              most + "|" + most);
    EXPECT_EQ(told(parseCredentials(most + "x")),
              "the user name has 513 bytes, at most 512 are taken");
    EXPECT_EQ(told(parseCredentials("u\0"s + most + "x")),
              "the password has 513 bytes, at most 512 are taken");
}

TEST(Credentials, bringNoLinesOfTheirOwn)
{
    EXPECT_EQ(told(parseCredentials("me\ndomain=x\0p\0"sv)),
              "the user name holds a control character");
    EXPECT_EQ(told(parseCredentials("me\0p\rq\0"sv)),
              "the password holds a control character");
}

TEST(Credentials, areNoMoreAndNoLess)
{
    EXPECT_EQ(told(parseCredentials("a\0b\0c"sv)),
              "there is more than a user name and a password; write user name, "
              "NUL, password, NUL");
    EXPECT_EQ(told(parseCredentials("\0b\0"sv)),
              "there is a password, but no user name; write user name, NUL, "
              "password, NUL");
}

TEST(Credentials, comeFromAPipe)
{
    EXPECT_EQ(readFrom("me\0secret\0"sv, true, 1min), "me|secret");
    EXPECT_EQ(readFrom("", true, 1min), "|");
    EXPECT_EQ(readFrom(std::string(4000, 'x'), true, 1min),
              "the user name has 1027 bytes, at most 512 are taken");
}

TEST(Credentials, sayWhatIsNoPipe)
{
    boost::asio::io_context io;
    std::string seen;
    boost::asio::co_spawn(io, readCredentials(io.get_executor(), 999999, 1min),
                          [&seen](const std::exception_ptr& thrown,
                                  const Result<Credentials>& read) {
        seen = thrown ? "thrown" : told(read);
    });
    io.run();
    EXPECT_EQ(seen, "the pipe with user name and password: Bad file "
                    "descriptor");
}

TEST(Credentials, doNotWaitForEver)
{
    EXPECT_EQ(
        readFrom("me\0secret\0"sv, false, 1ms),
        "the pipe with user name and password was not closed within 1 ms; "
        "close the writing end");
}

} // namespace
} // namespace vmedia::remote
