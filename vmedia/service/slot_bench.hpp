// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "device_events.hpp"
#include "fixtures/temp_dir.hpp"
#include "journal.hpp"
#include "slot.hpp"
#include "vmedia/process/child.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/streambuf.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace vmedia::service
{

/// A slot with roots in a directory. Kernel and hardware are stood in for:
/// nbd by stand_in_nbd_client.py and fake_nbd.cpp, configfs by
/// fixtures/fake_configfs.cpp. All else is real: nbdkit, processes, sockets.
///
/// After each test nothing may be left, whatever happened in it: a file in the
/// run directory, a gadget, a mount, a process.
class SlotBench : public testing::Test, public Slot::Listener
{
  protected:
    explicit SlotBench(Mode mode);
    ~SlotBench() override;
    void TearDown() override;

    void changed(Slot& slot) override;
    void completed(Slot& slot, int error) override;

    /// The slot of `point`. Before it, a test may change `point` and `config`.
    void makeSlot();

    /// Runs the loop until @p isSo; fails the test after some seconds.
    void until(const std::function<bool()>& isSo);
    void untilCompleted(size_t count = 1);
    void untilState(Mount::State state);

    /// What a web server brings: nbdkit on the mount point's socket.
    void serveSocket();

    /// How nbd-client behaves: see stand_in_nbd_client.py.
    void setClient(const std::string& mode) const;

    /// A pipe with @p bytes in it and, unless it is to stay open, its end.
    int pipeWith(const std::string& bytes, bool staysOpen = false);

    std::filesystem::path gadget() const;
    std::filesystem::path runDirectory() const;
    std::vector<std::string> filesOfRun() const;
    static std::string read(const std::filesystem::path& file);
    static void write(const std::filesystem::path& file,
                      const std::string& text);

    const fixtures::TempDir folder;
    const std::filesystem::path root = folder.path();
    boost::asio::io_context context{1};
    Config config{};
    MountPoint point;
    Journal journal{"boot", {}};
    DeviceEvents events;
    std::unique_ptr<Slot> slot{};
    std::vector<int> completions{};
    std::vector<Mount::State> states{};
    std::optional<process::Child> webServer{};
    int heldPipe = -1; ///< the writing end of one that stays open

  private:
    void readEvents();

    boost::asio::posix::stream_descriptor fifo{context};
    boost::asio::streambuf lines{};
};

} // namespace vmedia::service
