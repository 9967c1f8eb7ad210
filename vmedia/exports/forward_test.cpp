// SPDX-License-Identifier: Apache-2.0
// Against a real nbdkit, which is given a socket that listens already: so
// there is nothing to wait for, and no port to choose.
#include "forward.hpp"
#include "oracle.hpp"
#include "vmedia/process/child.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <cerrno>

namespace vmedia::exports
{
namespace asio = boost::asio;

namespace
{

class ForwardTest : public testing::Test
{
  protected:
    /// Starts `nbdkit -f ARGUMENTS` by socket activation (sd_listen_fds(3)):
    /// descriptor 3 listens, and LISTEN_PID is who may have it.
    void serve(const std::string& arguments)
    {
        const int listening = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ASSERT_GE(listening, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        ASSERT_LT(socket.size(), sizeof address.sun_path);
        socket.copy(address.sun_path, socket.size());
        ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address),
                         sizeof address),
                  0);
        ASSERT_EQ(::listen(listening, 16), 0);
        const std::string line =
            "command -v nbdkit >/dev/null || exit 127; exec 3<&0 </dev/null; "
            "LISTEN_FDS=1 LISTEN_PID=$$ exec nbdkit -f " +
            arguments;
        auto started = process::Child::start(
            context.get_executor(), {{"/bin/sh", "-c", line}, listening});
        ::close(listening);
        ASSERT_TRUE(started) << describe(started.error());
        server.emplace(std::move(*started));
        if (::system("command -v nbdkit >/dev/null") != 0)
        {
            GTEST_SKIP() << "nbdkit is missing: apt-get install nbdkit";
        }
    }
    ExportPointer forward(Access access = Access::readWrite)
    {
        auto opened = openForward({uri}, access);
        EXPECT_TRUE(opened) << describe(opened.error());
        return opened ? std::move(*opened) : nullptr;
    }

    TempDir dir{"/tmp"}; // short: a socket path holds 107 characters
    std::string socket = dir.file("nbd.sock");
    std::string uri = "nbd+unix:///?socket=" + socket;
    asio::io_context context;
    std::optional<process::Child> server;
};

} // namespace

#define SERVE(arguments)                                                       \
    serve(arguments);                                                          \
    if (IsSkipped() || HasFatalFailure())                                      \
    {                                                                          \
        return;                                                                \
    }

TEST_F(ForwardTest, holdsWhatAnArrayHolds)
{
    SERVE("memory 1300777");
    const ExportPointer far = forward();
    ASSERT_TRUE(far);
    const Abilities can = far->abilities();
    EXPECT_TRUE(can.write && can.flush && can.trim && can.zero && can.extents);
    runAgainst(*far, Bytes(1'300'777), 600);
    EXPECT_EQ(far->flush(), 0);
}

TEST_F(ForwardTest, isUsedByThreadsOverSeveralConnections)
{
    SERVE("memory 1300777");
    const ExportPointer far = forward();
    ASSERT_TRUE(far);
    runThreadsAgainst(*far, Bytes(1'300'777), 150);
}

TEST_F(ForwardTest, isUsedByThreadsOverOneConnection)
{
    SERVE("--filter=multi-conn memory 1300777 multi-conn-mode=disable");
    const ExportPointer far = forward();
    ASSERT_TRUE(far);
    runThreadsAgainst(*far, Bytes(1'300'777), 100);
}

TEST_F(ForwardTest, ourPatternIsThatOfNbdkit)
{
    SERVE("pattern 300001");
    const ExportPointer far = forward();
    ASSERT_TRUE(far);
    auto ours = openPattern(300'001, Access::readOnly);
    EXPECT_EQ(contentOf(*far), contentOf(**ours));
}

TEST_F(ForwardTest, anErrorKeepsItsNumberAndTheConnection)
{
    SERVE("--filter=error memory 1M error-pwrite=ENOSPC "
          "error-pwrite-rate=100%");
    const ExportPointer far = forward();
    ASSERT_TRUE(far);
    EXPECT_EQ(far->write(Bytes(512), 0), ENOSPC);
    Bytes block(512, std::byte{7});
    EXPECT_EQ(far->read(block, 0), 0);
    EXPECT_EQ(block, Bytes(512));
}

TEST_F(ForwardTest, whatIsReadOnlyThereIsReadOnlyHere)
{
    SERVE("-r memory 1M");
    EXPECT_FALSE(forward()->abilities().write);
}

TEST_F(ForwardTest, aServerThatGoesGivesEioAtOnceAndLater)
{
    SERVE("memory 1M");
    const ExportPointer far = forward();
    ASSERT_TRUE(far);
    server.reset(); // SIGKILL, and reaped
    Bytes block(512);
    for (int i = 0; i < 10; ++i)
    {
        EXPECT_EQ(far->read(block, 0), EIO);
    }
}

TEST_F(ForwardTest, noConnectionIsOneLineWithTheUriAndTheReason)
{
    const auto missing = openForward({uri}, Access::readWrite);
    ASSERT_FALSE(missing);
    const std::string text = describe(missing.error());
    EXPECT_TRUE(text.starts_with(uri + ": nbd_")) << text;
    EXPECT_NE(text.find("No such file or directory"), text.npos) << text;
    EXPECT_EQ(text.find('\n'), text.npos);
    EXPECT_EQ(missing.error().code, Errc::io);
}

TEST_F(ForwardTest, whatIsNoUriIsAUsageError)
{
    for (const char* text : {"", "ftp://example.com", "nbd+unix:///"})
    {
        const auto opened = openForward({text}, Access::readWrite);
        ASSERT_FALSE(opened) << text;
        EXPECT_EQ(opened.error().code, Errc::usage) << describe(opened.error());
    }
}

} // namespace vmedia::exports
