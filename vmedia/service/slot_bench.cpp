// SPDX-License-Identifier: Apache-2.0
#include "slot_bench.hpp"

#include "make_slot.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/read_until.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <istream>
#include <iterator>

#include <gmock/gmock.h>

namespace vmedia::service
{

namespace fs = std::filesystem;
namespace asio = boost::asio;

namespace
{

constexpr std::chrono::seconds patience{30};

std::vector<std::string> namesIn(const fs::path& directory)
{
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory))
    {
        names.push_back(entry.path().filename());
    }
    std::ranges::sort(names);
    return names;
}

/// The pids of what this thread started and still runs.
std::string children()
{
    std::ifstream file(fmt::format("/proc/self/task/{}/children", ::getpid()));
    return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace

SlotBench::SlotBench(Mode mode) :
    point{"ISO0",
          mode,
          "/nbd/0",
          "nbd0",
          root / "run/ISO0.sock",
          std::chrono::seconds(20),
          512,
          mode == Mode::proxy, // as Config has it, where nothing is said
          MediaType::automatic}
{
    config.roots = {root / "config", root / "udc", root / "dev", root / "sys",
                    root / "run"};
    const fs::path client = root / "nbd-client";
    config.programs.nbdClient = client;
    for (const char* const name : {"config/usb_gadget", "udc/dummy_udc.0",
                                   "dev", "sys/block/nbd0", "run"})
    {
        fs::create_directories(root / name);
    }
    write(client, fmt::format("#!/bin/sh\nexec /usr/bin/python3 {} \"$@\"\n",
                              VMEDIA_STAND_IN));
    fs::permissions(client, fs::perms::owner_all);
    write(root / "dev/nbd0", "");
    write(root / "sys/block/nbd0/size", "0\n");
    setClient("serve");
    const fs::path path = root / "events";
    ::mkfifo(path.c_str(), 0600);
    // Both ways, so that it never ends.
    fifo.assign(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    readEvents();
}

SlotBench::~SlotBench() = default;

void SlotBench::TearDown()
{
    if (slot)
    {
        slot->shutdown();
        untilState(Mount::State::ready);
    }
    slot.reset();
    webServer.reset();
    if (heldPipe >= 0)
    {
        ::close(heldPipe);
    }
    until([] { return children().empty(); });
    EXPECT_EQ(children(), "");
    EXPECT_THAT(filesOfRun(), testing::IsEmpty());
    EXPECT_THAT(namesIn(root / "config/usb_gadget"), testing::IsEmpty());
    EXPECT_THAT(read("/proc/self/mountinfo"),
                testing::Not(testing::HasSubstr(runDirectory())));
    EXPECT_TRUE(journal.all.empty());
}

void SlotBench::changed(Slot& s)
{
    const Mount::State now = s.view().mount.state;
    if (states.empty() || states.back() != now)
    {
        states.push_back(now);
    }
}

void SlotBench::completed(Slot&, int error)
{
    completions.push_back(error);
}

void SlotBench::makeSlot()
{
    slot.reset(); // one slot watches a device
    slot = service::makeSlot(context.get_executor(), config, point, journal,
                             events, *this);
}

void SlotBench::until(const std::function<bool()>& isSo)
{
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!isSo() && std::chrono::steady_clock::now() < end)
    {
        context.run_one_for(std::chrono::milliseconds(100));
    }
    ASSERT_TRUE(isSo()) << "not within " << patience.count() << " s";
}

void SlotBench::untilCompleted(size_t count)
{
    until([&] { return completions.size() >= count; });
}

void SlotBench::untilState(Mount::State state)
{
    until([&] { return slot->view().mount.state == state; });
}

void SlotBench::serveSocket()
{
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    // Not in the run directory, where nothing may be left of ours.
    point.unixSocket = root / "web.sock";
    auto started = process::Child::start(
        context.get_executor(),
        {.argv = {"nbdkit", "-f", "-U", point.unixSocket, "-P",
                  fmt::format("/proc/{}/fd/{}", ::getpid(), ends[1]), "memory",
                  "1M"}});
    ASSERT_TRUE(started) << describe(started.error());
    webServer.emplace(std::move(*started));
    char byte = 0;
    ASSERT_EQ(::read(ends[0], &byte, 1), 1);
    ::close(ends[0]);
    ::close(ends[1]);
}

void SlotBench::setClient(const std::string& mode) const
{
    write(root / "client", mode);
}

int SlotBench::pipeWith(const std::string& bytes, bool staysOpen)
{
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    EXPECT_EQ(::write(ends[1], bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    if (staysOpen)
    {
        heldPipe = ends[1];
    }
    else
    {
        ::close(ends[1]);
    }
    return ends[0];
}

fs::path SlotBench::gadget() const
{
    return root / "config/usb_gadget/vmedia-ISO0";
}

fs::path SlotBench::runDirectory() const
{
    return root / "run";
}

std::vector<std::string> SlotBench::filesOfRun() const
{
    return namesIn(runDirectory());
}

std::string SlotBench::read(const fs::path& file)
{
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void SlotBench::write(const fs::path& file, const std::string& text)
{
    std::ofstream(file) << text;
}

void SlotBench::readEvents()
{
    asio::async_read_until(
        fifo, lines, '\n',
        [this](const boost::system::error_code& error, size_t) {
        if (error)
        {
            return;
        }
        std::string name;
        std::istream stream(&lines);
        std::getline(stream, name);
        events.happened(name);
        readEvents();
    });
}

} // namespace vmedia::service
