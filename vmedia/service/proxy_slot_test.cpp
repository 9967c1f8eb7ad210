// SPDX-License-Identifier: Apache-2.0
// A browser's medium, whose server is there before Mount.
#include "slot_bench.hpp"

#include <poll.h>

#include <cerrno>
#include <csignal>

#include <gmock/gmock.h>

namespace vmedia::service
{

using State = Mount::State;
using testing::ElementsAre;
using testing::HasSubstr;

namespace
{

class ProxySlot : public SlotBench
{
  protected:
    ProxySlot() : SlotBench(Mode::proxy) {}

    void SetUp() override
    {
        serveSocket();
    }

    void mountIt()
    {
        completions.clear();
        makeSlot();
        ASSERT_EQ(slot->mount({}), 0);
    }

    void mountWell()
    {
        mountIt();
        untilCompleted();
        ASSERT_THAT(completions, ElementsAre(0));
        ASSERT_TRUE(slot->view().mount.active);
        completions.clear();
    }

    void expectFailure(int error)
    {
        untilCompleted();
        EXPECT_THAT(completions, ElementsAre(error));
        EXPECT_EQ(slot->view().mount.state, State::ready);
    }

    void expectEnd()
    {
        untilState(State::ready);
        EXPECT_THAT(completions, ElementsAre()) << "nobody asked";
    }
};

TEST_F(ProxySlot, mountsAndUnmounts)
{
    mountWell();
    EXPECT_THAT(
        read(root / "client.argv"),
        HasSubstr("-n -L -R -t 20 -b 512 " + (root / "dev/nbd0").string()));
    EXPECT_EQ(slot->view().mount.size, 1U << 20);
    EXPECT_EQ(read(gadget() / "functions/mass_storage.usb0/lun.0/file"),
              (root / "dev/nbd0").string() + "\n");
    EXPECT_THAT(filesOfRun(), ElementsAre("journal.json"));
    const std::string written = read(runDirectory() / "journal.json");
    for (const char* const word :
         {"\"gadget\":\"vmedia-ISO0\"", "\"device\":\"nbd0\"",
          "\"client\":{\"pid\":"})
    {
        EXPECT_THAT(written, HasSubstr(word));
    }
    EXPECT_EQ(slot->mount({}), EPERM);
    EXPECT_EQ(slot->unmount(), 0);
    EXPECT_EQ(slot->unmount(), EBUSY);
    untilCompleted();
    EXPECT_THAT(completions, ElementsAre(0));
    EXPECT_THAT(states, ElementsAre(State::activating, State::active,
                                    State::deactivating, State::ready));
    EXPECT_EQ(slot->unmount(), EPERM);
    mountWell();
}

TEST_F(ProxySlot, followsAClientThatMoves)
{
    setClient("daemon");
    mountWell();
    const std::string pid = read(root / "sys/block/nbd0/pid");
    until([&] {
        return read(runDirectory() / "journal.json")
                   .find("\"pid\":" + pid.substr(0, pid.size() - 1)) !=
               std::string::npos;
    });
    ::kill(std::stoi(pid), SIGKILL);
    expectEnd();
}

TEST_F(ProxySlot, aClientThatMovedIsDisconnected)
{
    setClient("daemon");
    mountWell();
    EXPECT_EQ(slot->unmount(), 0);
    untilCompleted();
    EXPECT_THAT(completions, ElementsAre(0));
}

TEST_F(ProxySlot, aClientThatExitsIsRefused)
{
    setClient("refuse");
    mountIt();
    expectFailure(ECONNREFUSED);
    EXPECT_EQ(slot->view().mount.exitCode, 1);
}

TEST_F(ProxySlot, aDeviceWithoutASizeTimesOut)
{
    setClient("silent");
    point.timeout = std::chrono::seconds(1);
    mountIt();
    expectFailure(ETIMEDOUT);
}

TEST_F(ProxySlot, aClientThatIgnoresAllIsKilled)
{
    setClient("deaf");
    mountWell();
    EXPECT_EQ(slot->unmount(), 0);
    untilCompleted();
    EXPECT_THAT(completions, ElementsAre(0));
    EXPECT_EQ(slot->view().mount.exitCode, 128 + SIGKILL);
}

TEST_F(ProxySlot, unmountCancelsAMount)
{
    setClient("silent");
    mountIt();
    until([this] { return !read(root / "client.argv").empty(); });
    EXPECT_EQ(slot->unmount(), 0);
    EXPECT_THAT(completions, ElementsAre(ECANCELED));
    untilCompleted(2);
    EXPECT_THAT(completions, ElementsAre(ECANCELED, 0));
}

TEST_F(ProxySlot, unmountCancelsAMountThatHasHardlyBegun)
{
    mountIt();
    EXPECT_EQ(slot->unmount(), 0);
    untilCompleted(2);
    EXPECT_THAT(completions, ElementsAre(ECANCELED, 0));
    EXPECT_FALSE(std::filesystem::exists(root / "client.argv"));
}

TEST_F(ProxySlot, aBrowserThatGoesEndsTheMedium)
{
    mountWell();
    webServer->signal(SIGKILL);
    expectEnd();
}

TEST_F(ProxySlot, theHostMayEject)
{
    mountWell();
    write(gadget() / "functions/mass_storage.usb0/lun.0/file", "");
    expectEnd();
}

TEST_F(ProxySlot, aMediumThatNobodyUsesGoes)
{
    config.inactivityTimeout = std::chrono::seconds(2);
    write(root / "sys/block/nbd0/stat", "7 0 56 1 3 0 24 1 0 2 2\n");
    mountWell();
    EXPECT_EQ(slot->view().remaining, 2);
    EXPECT_EQ(slot->view().readIo, 0U);
    until([this] { return slot->view().remaining == 1; });
    write(root / "sys/block/nbd0/stat", "9 0 72 1 4 0 32 1 0 2 2\n");
    EXPECT_EQ(slot->view().readIo, 2U);
    EXPECT_EQ(slot->view().writeIo, 1U);
    until([this] { return slot->view().remaining == 2; });
    expectEnd();
    EXPECT_EQ(slot->view().remaining, 0);
}

TEST_F(ProxySlot, withoutAControllerTheHostSeesNothing)
{
    std::filesystem::remove(root / "udc/dummy_udc.0");
    mountIt();
    expectFailure(ENODEV);
}

TEST_F(ProxySlot, aControllerThatRefusesSaysWhy)
{
    write(root / "udc/dummy_udc.0/refuses", std::to_string(EBUSY));
    mountIt();
    expectFailure(EBUSY);
}

TEST_F(ProxySlot, aMissingClientIsNamed)
{
    config.programs.nbdClient = root / "nowhere";
    mountIt();
    expectFailure(ENOENT);
}

TEST_F(ProxySlot, aMissingDeviceIsNamed)
{
    std::filesystem::remove(root / "dev/nbd0");
    mountIt();
    expectFailure(ENODEV);
}

TEST_F(ProxySlot, aDeviceOfSomebodyElseIsLeftAlone)
{
    write(root / "sys/block/nbd0/pid", "1\n");
    mountIt(); // connected, and no size yet
    expectFailure(EBUSY);
    slot.reset();
    write(root / "sys/block/nbd0/size", "2048\n");
    makeSlot();
    EXPECT_EQ(slot->mount({}), EBUSY);
    write(root / "sys/block/nbd0/size", "0\n");
    events.happened("");
    std::filesystem::remove(root / "sys/block/nbd0/pid");
    completions.clear();
    EXPECT_EQ(slot->mount({}), 0);
    untilCompleted();
    EXPECT_THAT(completions, ElementsAre(0));
}

TEST_F(ProxySlot, whatIsNotForAProxyIsClosed)
{
    const int pipe = pipeWith("x", true);
    makeSlot();
    EXPECT_EQ(slot->mount({.credentials = pipe}), 0);
    pollfd writer{heldPipe, POLLOUT, 0};
    EXPECT_EQ(::poll(&writer, 1, 0), 1);
    EXPECT_TRUE(writer.revents & POLLERR) << "somebody may still read it";
    untilCompleted();
    EXPECT_THAT(completions, ElementsAre(0));
}

} // namespace
} // namespace vmedia::service
