// SPDX-License-Identifier: Apache-2.0
// An image on a share. mount.cifs is a script, which binds a directory where
// the real one mounts the share of a server; mount(2), umount(2) are real.
#include "mounted_share.hpp"
#include "slot_bench.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include <gmock/gmock.h>

namespace vmedia::service
{

namespace fs = std::filesystem;
using State = Mount::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace
{

constexpr const char* url = "smb://files/iso/d/image.img";

class ShareSlot : public SlotBench
{
  protected:
    ShareSlot() : SlotBench(Mode::legacy)
    {
        fs::create_directories(root / "shared/d");
        write(root / "shared/d/image.img", std::string(1 << 16, 'i'));
        setMount(fmt::format("mount --bind {}/shared $2", root.string()));
    }

    void SetUp() override
    {
        const fs::path trial = root / "trial";
        fs::create_directory(trial);
        if (::mount("vmedia", trial.c_str(), "tmpfs", 0, nullptr) < 0)
        {
            GTEST_SKIP() << "mount(2) is not permitted: run it as root";
        }
        ::umount2(trial.c_str(), 0);
    }

    /// Lines of a shell that do what mount.cifs does: $1 source, $2 where.
    void setMount(const std::string& deeds)
    {
        const fs::path program = root / "mount.cifs";
        write(program, fmt::format("#!/bin/sh\necho \"$@\" > {0}/mount.argv\n"
                                   "cp {0}/run/*.secret {0}/seen 2>/dev/null\n"
                                   "{1}\n",
                                   root.string(), deeds));
        fs::permissions(program, fs::perms::owner_all);
        config.programs.mountCifs = program;
    }

    void mountIt(const std::string& image = url, int credentials = -1)
    {
        makeSlot();
        ASSERT_EQ(slot->mount({image, false, credentials}), 0);
    }

    void expectFailure(int error)
    {
        untilCompleted();
        EXPECT_THAT(completions, ElementsAre(error));
        EXPECT_EQ(slot->view().mount.state, State::ready);
        EXPECT_THAT(filesOfRun(), IsEmpty());
    }
};

TEST_F(ShareSlot, mountsAndUnmounts)
{
    using std::string_literals::operator""s;
    mountIt(url, pipeWith("LAB\\me\0p,w\0"s));
    untilCompleted();
    ASSERT_THAT(completions, ElementsAre(0));
    EXPECT_EQ(slot->view().mount.size, 1U << 16);
    EXPECT_FALSE(slot->view().mount.writeProtected);
    EXPECT_EQ(read(root / "dev/nbd0"), std::string(1 << 16, 'i'));
    EXPECT_THAT(read(root / "mount.argv"),
                HasSubstr(fmt::format("//files/iso {0}/run/ISO0.share -o rw,",
                                      root.string())));
    EXPECT_EQ(read(root / "seen"), "domain=LAB\nusername=me\npassword=p,w\n");
    EXPECT_THAT(filesOfRun(),
                ElementsAre("ISO0.share", "ISO0.sock", "journal.json"));
    EXPECT_EQ(slot->unmount(), 0);
    untilCompleted(2);
    EXPECT_THAT(completions, ElementsAre(0, 0));
    EXPECT_THAT(filesOfRun(), IsEmpty());
}

TEST_F(ShareSlot, aShareInUseIsDetached)
{
    mountIt();
    untilCompleted();
    {
        const gadget::Descriptor user(
            ::open((runDirectory() / "ISO0.share/d/image.img").c_str(),
                   O_RDONLY | O_CLOEXEC));
        ASSERT_TRUE(user);
        EXPECT_EQ(slot->unmount(), 0);
        untilCompleted(2);
    }
    EXPECT_THAT(completions, ElementsAre(0, 0));
}

TEST_F(ShareSlot, mountCifsSaysWhyNot)
{
    setMount("echo 'mount error(13): Permission denied' >&2\n"
             "echo 'Refer to the mount.cifs(8) manual page (e.g. man "
             "mount.cifs) and kernel log messages (dmesg)' >&2\nexit 32");
    mountIt();
    expectFailure(EACCES);
}

TEST_F(ShareSlot, mountCifsMayFailWithoutANumber)
{
    setMount("echo 'could not resolve address for files' >&2\nexit 1");
    mountIt();
    expectFailure(ECONNREFUSED);
}

TEST_F(ShareSlot, aMissingMountCifsIsNamed)
{
    config.programs.mountCifs = "no-such-mount";
    mountIt();
    expectFailure(ENOENT);
}

TEST_F(ShareSlot, unmountCancelsAMountThatHangs)
{
    setMount("exec sleep 600");
    mountIt();
    until([this] { return fs::exists(root / "mount.argv"); });
    EXPECT_EQ(slot->unmount(), 0);
    untilCompleted(2);
    EXPECT_THAT(completions, ElementsAre(ECANCELED, 0));
}

TEST_F(ShareSlot, aMountThatHangsAfterItMountedIsUndone)
{
    setMount(fmt::format("mount --bind {}/shared $2\nexec sleep 600",
                         root.string()));
    point.timeout = std::chrono::seconds(1);
    mountIt();
    expectFailure(ETIMEDOUT);
}

TEST_F(ShareSlot, whatIsNoImageIsRefused)
{
    fs::create_symlink("/etc/shadow", root / "shared/link.img");
    fs::create_directory_symlink("/etc", root / "shared/etc");
    struct Row
    {
        const char* path;
        int error;
    };
    for (const Row& row : {Row{"missing.img", ENOENT}, Row{"d", EISDIR},
                           Row{"link.img", ELOOP}, Row{"etc/shadow", ELOOP}})
    {
        mountIt(fmt::format("smb://files/iso/{}", row.path));
        expectFailure(row.error);
        completions.clear();
    }
}

TEST(MountedShare, readsTheNumberThatMountCifsSays)
{
    EXPECT_EQ(mountErrorOf("mount error(112): Host is down"), 112);
    EXPECT_EQ(mountErrorOf("mount error: mount point x does not exist"), 0);
    EXPECT_EQ(mountErrorOf("mount error(): x"), 0);
    EXPECT_EQ(mountErrorOf("mount error(-3): x"), 0);
    EXPECT_EQ(mountErrorOf("mount error(99999999999): x"), 0);
}

} // namespace
} // namespace vmedia::service
