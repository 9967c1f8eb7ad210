// SPDX-License-Identifier: Apache-2.0
// An image on the web: nginx serves it, nbdkit fetches it.
#include "fixtures/https_server.hpp"
#include "slot_bench.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include <gmock/gmock.h>

namespace vmedia::service
{

using State = Mount::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace
{

class LegacySlot : public SlotBench
{
  protected:
    LegacySlot() : SlotBench(Mode::legacy)
    {
        config.caFile = web->authorityFile();
        for (size_t i = 0; i < 100'000; ++i)
        {
            image += std::to_string(i * i);
        }
        image.resize(1 << 19);
        write(web->www() / "open.img", image);
        write(web->www() / "secret/s.img", image);
    }

    void mountIt(const std::string& url, int credentials = -1)
    {
        completions.clear();
        makeSlot();
        ASSERT_EQ(slot->mount({url, true, credentials}), 0);
    }

    void expectServed()
    {
        untilCompleted();
        ASSERT_THAT(completions, ElementsAre(0));
        EXPECT_EQ(slot->view().mount.size, image.size());
        const std::string got = read(root / "dev/nbd0");
        EXPECT_TRUE(got.substr(0, 65536) == image.substr(0, 65536));
        completions.clear();
    }

    void expectFailure(int error)
    {
        untilCompleted();
        EXPECT_THAT(completions, ElementsAre(error));
        EXPECT_EQ(slot->view().mount.state, State::ready);
        EXPECT_THAT(filesOfRun(), IsEmpty());
    }

    void TearDown() override
    {
        web.reset();
        SlotBench::TearDown();
    }

    std::optional<fixtures::HttpsServer> web{
        std::in_place, context.get_executor(), root / "web"};
    std::string image{};
};

TEST_F(LegacySlot, mountsAndUnmounts)
{
    mountIt(web->url("open.img"));
    expectServed();
    EXPECT_EQ(slot->view().mount.imageUrl, web->url("open.img"));
    EXPECT_TRUE(slot->view().mount.writeProtected);
    EXPECT_THAT(read(root / "client.argv"), HasSubstr(" -R "));
    EXPECT_THAT(filesOfRun(), ElementsAre("ISO0.sock", "journal.json"));
    EXPECT_THAT(read(runDirectory() / "journal.json"),
                HasSubstr("\"server\":{\"pid\":"));
    EXPECT_EQ(slot->unmount(), 0);
    untilCompleted();
    EXPECT_THAT(completions, ElementsAre(0));
    completions.clear();
    mountIt(web->url("open.img"));
    expectServed();
}

TEST_F(LegacySlot, asksWithUserAndPassword)
{
    using std::string_literals::operator""s;
    mountIt(web->url("secret/s.img"), pipeWith("alice\0wonderland\0"s));
    const auto secret = runDirectory() / "ISO0.secret";
    until([&] { return std::filesystem::exists(secret); });
    struct stat status{};
    ASSERT_EQ(::stat(secret.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_THAT(read(runDirectory() / "journal.json"),
                HasSubstr("\"secret\":\"" + secret.string()));
    expectServed();
    EXPECT_THAT(filesOfRun(), ElementsAre("ISO0.sock", "journal.json"));
}

TEST_F(LegacySlot, aWrongPasswordIsRefused)
{
    using std::string_literals::operator""s;
    mountIt(web->url("secret/s.img"), pipeWith("alice\0rabbit\0"s));
    expectFailure(ECONNREFUSED);
}

TEST_F(LegacySlot, nobodyIsRefusedWhereAPasswordIsNeeded)
{
    mountIt(web->url("secret/s.img"), pipeWith(""));
    expectFailure(ECONNREFUSED);
}

TEST_F(LegacySlot, aStrangersCertificateIsRefused)
{
    config.caFile = root / "other.pem";
    fixtures::writePrivate(config.caFile,
                           fixtures::Authority("other").certificate());
    mountIt(web->url("open.img"));
    expectFailure(ECONNREFUSED);
}

TEST_F(LegacySlot, aMissingImageIsRefused)
{
    mountIt(web->url("nothing.img"));
    expectFailure(ECONNREFUSED);
}

TEST_F(LegacySlot, aMissingServerIsRefused)
{
    web->process().signal(SIGKILL);
    mountIt(web->url("open.img"));
    expectFailure(ECONNREFUSED);
}

TEST_F(LegacySlot, aPipeThatStaysOpenTimesOut)
{
    point.timeout = std::chrono::seconds(1);
    mountIt(web->url("open.img"), pipeWith("alice", true));
    expectFailure(ETIMEDOUT);
}

TEST_F(LegacySlot, moreThanUserAndPasswordIsInvalid)
{
    mountIt(web->url("open.img"), pipeWith(std::string(2000, 'x')));
    expectFailure(EINVAL);
}

TEST_F(LegacySlot, aSocketThatWasLeftIsReplaced)
{
    const int left = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, point.unixSocket.c_str(),
                 sizeof(address.sun_path) - 1);
    ASSERT_EQ(
        ::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
        0);
    ::close(left);
    mountIt(web->url("open.img"));
    expectServed();
}

TEST_F(LegacySlot, aFileThatIsNoSocketIsNotReplaced)
{
    point.unixSocket = root / "precious";
    write(point.unixSocket, "data");
    mountIt(web->url("open.img"));
    expectFailure(EEXIST);
    EXPECT_EQ(read(point.unixSocket), "data");
}

TEST_F(LegacySlot, aMissingNbdkitIsNamed)
{
    config.programs.nbdkit = "no-such-nbdkit";
    mountIt(web->url("open.img"));
    expectFailure(ENOENT);
}

TEST_F(LegacySlot, anNbdkitThatEndsAtOnceIsRefused)
{
    config.programs.nbdkit = "false";
    mountIt(web->url("open.img"));
    expectFailure(ECONNREFUSED);
}

TEST_F(LegacySlot, anNbdkitThatDiesEndsTheMedium)
{
    mountIt(web->url("open.img"));
    expectServed();
    ASSERT_EQ(journal.all.size(), 1U);
    ::kill(journal.all[0].server.value().pid, SIGKILL);
    untilState(State::ready);
    EXPECT_THAT(completions, IsEmpty()) << "nobody asked";
    EXPECT_THAT(filesOfRun(), IsEmpty());
}

TEST_F(LegacySlot, anNbdkitThatIgnoresSigtermIsKilled)
{
    const auto program = root / "stubborn";
    write(program, "#!/bin/sh\ntrap '' TERM\nsleep 600 & wait; wait\n");
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    config.programs.nbdkit = program;
    point.timeout = std::chrono::seconds(1);
    mountIt(web->url("open.img"));
    expectFailure(ETIMEDOUT);
}

TEST_F(LegacySlot, whatCannotBeIsAnsweredAtOnce)
{
    makeSlot();
    EXPECT_EQ(slot->mount({"ftp://h/x", true, -1}), EINVAL);
    const int pipe = pipeWith("x");
    EXPECT_EQ(slot->mount({web->url("open.img"), false, pipe}), EROFS);
    EXPECT_EQ(::close(pipe), -1) << "it is closed in any case";
    EXPECT_THAT(states, IsEmpty());
}

} // namespace
} // namespace vmedia::service
