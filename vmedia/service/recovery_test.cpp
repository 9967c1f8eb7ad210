// SPDX-License-Identifier: Apache-2.0
// A vmediad that died, and the next one.
#include "ledger.hpp"
#include "make_slot.hpp"
#include "recovery.hpp"
#include "slot_bench.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <cerrno>
#include <csignal>

#include <gmock/gmock.h>

namespace vmedia::service
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace
{

class RecoveryTest : public SlotBench
{
  protected:
    RecoveryTest() : SlotBench(Mode::proxy)
    {
        journal.boot = bootId();
        config.mountPoints = {point};
    }

    Recovered recover()
    {
        auto future = boost::asio::co_spawn(
            context, prepareRun(context.get_executor(), config),
            boost::asio::use_future);
        until([&] {
            return future.wait_for(std::chrono::seconds(0)) ==
                   std::future_status::ready;
        });
        Result<Recovered> recovered = future.get();
        EXPECT_TRUE(recovered) << describe(recovered.error());
        return std::move(*recovered);
    }

    process::Child sleeper()
    {
        return std::move(
            *process::Child::start(context.get_executor(), {{"sleep", "600"}}));
    }

    void leave(Belongings one)
    {
        Ledger(journal, journalFile(config), "ISO0").write([&](Belongings& b) {
            b = std::move(one);
        });
        journal.all.clear(); // of the one that died
    }
};

bool isRunning(int pid)
{
    return ::kill(pid, 0) == 0;
}

TEST_F(RecoveryTest, makesTheRunDirectory)
{
    std::filesystem::remove(runDirectory());
    const Recovered recovered = recover();
    EXPECT_THAT(recovered.troubles, IsEmpty());
    EXPECT_EQ(std::filesystem::status(runDirectory()).permissions(),
              std::filesystem::perms::owner_all);
}

TEST_F(RecoveryTest, cleansUpAfterASlotThatDied)
{
    serveSocket();
    setClient("daemon"); // it outlives us
    makeSlot();
    ASSERT_EQ(slot->mount({}), 0);
    untilCompleted();
    ASSERT_THAT(completions, ElementsAre(0));
    until([this] { return journal.all.at(0).client.has_value(); });
    slot.reset();
    journal.all.clear();
    const int pid = std::stoi(read(root / "sys/block/nbd0/pid"));
    ASSERT_TRUE(isRunning(pid));
    const Recovered recovered = recover();
    EXPECT_THAT(recovered.troubles, IsEmpty());
    EXPECT_TRUE(recovered.journal.all.empty());
    EXPECT_EQ(read(root / "sys/block/nbd0/size"), "0\n");
}

TEST_F(RecoveryTest, endsTheProcessesThatItMeans)
{
    process::Child ours = sleeper();
    process::Child another = sleeper();
    const ProcessId known = identify(ours.pid()).value();
    ProcessId reused = identify(another.pid()).value();
    --reused.startTime; // the one that was meant began before
    write(runDirectory() / "ISO0.secret", "password");
    leave({.mountPoint = "ISO0",
           .client = reused,
           .server = known,
           .secret = runDirectory() / "ISO0.secret"});
    const Recovered recovered = recover();
    EXPECT_THAT(recovered.troubles, IsEmpty());
    auto status = boost::asio::co_spawn(context, ours.wait(),
                                        boost::asio::use_future);
    until([&] {
        return status.wait_for(std::chrono::seconds(0)) ==
               std::future_status::ready;
    });
    EXPECT_EQ(status.get(), 128 + SIGTERM);
    EXPECT_TRUE(isRunning(another.pid()));
    EXPECT_THAT(filesOfRun(), IsEmpty());
}

TEST_F(RecoveryTest, touchesNoFileThatIsNotItsOwn)
{
    write(root / "precious", "data");
    leave({.mountPoint = "ISO0", .secret = root / "precious"});
    const Recovered recovered = recover();
    ASSERT_EQ(recovered.troubles.size(), 1U);
    EXPECT_THAT(describe(recovered.troubles[0]),
                HasSubstr("precious is not in"));
    EXPECT_EQ(recovered.journal.all.at(0).secret, root / "precious");
    EXPECT_EQ(read(root / "precious"), "data");
    std::filesystem::remove(journalFile(config));
}

TEST_F(RecoveryTest, afterAnotherBootOnlyFilesAreLeft)
{
    process::Child other = sleeper();
    journal.boot = "another";
    write(point.unixSocket, "");
    leave({.mountPoint = "ISO0",
           .gadget = "vmedia-ISO0",
           .device = "nbd0",
           .server = identify(other.pid()),
           .socket = point.unixSocket});
    const Recovered recovered = recover();
    EXPECT_THAT(recovered.troubles, IsEmpty());
    EXPECT_EQ(recovered.journal.boot, bootId());
    EXPECT_TRUE(isRunning(other.pid()));
    EXPECT_THAT(filesOfRun(), IsEmpty());
}

} // namespace
} // namespace vmedia::service
