// SPDX-License-Identifier: Apache-2.0
// vmediad with slots that do what lines on standard input say, for tests of
// what is on the bus: no device, no program and no root is needed.
//
//   show NAME [FIELD VALUE]...   view() is this; then changed()
//   count NAME READIO WRITEIO REMAINING    view() only
//   complete NAME ERRNO          completed()
//   answer NAME ERRNO            what mount() and unmount() give from now on
//
// The end of standard input makes all slots ready.
// Standard output tells what the slots were asked for, and `done N` after the
// Nth line.
#include "command_line.hpp"
#include "vmedia/command/manual.hpp"
#include "vmedia/command/parse.hpp"
#include "vmedia/error/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include <algorithm>
#include <array>
#include <istream>
#include <map>
#include <memory>
#include <sstream>

namespace
{

using namespace vmedia;
using service::Mount;
using service::Slot;
using service::Wish;

void say(const std::string& line)
{
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

/// What is in the pipe, which is closed; "none" without one.
std::string readSecrets(int pipe)
{
    if (pipe < 0)
    {
        return "none";
    }
    std::array<char, 4096> bytes{};
    ::fcntl(pipe, F_SETFL, O_NONBLOCK);
    const ssize_t size = ::read(pipe, bytes.data(), bytes.size());
    ::close(pipe);
    return printable({bytes.data(), static_cast<size_t>(std::max(size, 0L))});
}

class ScriptedSlot : public Slot
{
  public:
    ScriptedSlot(const service::MountPoint& p, Listener& l) :
        point(p), listener(l)
    {}

    const service::MountPoint& mountPoint() const override
    {
        return point;
    }

    View view() const override
    {
        return current;
    }

    int mount(Wish wish) override
    {
        say(fmt::format("mount {} url={} readOnly={} secrets={}", point.name,
                        printable(wish.imageUrl), wish.readOnly,
                        readSecrets(wish.credentials)));
        return answer;
    }

    int unmount() override
    {
        say(fmt::format("unmount {}", point.name));
        return answer;
    }

    void shutdown() override
    {
        say(fmt::format("shutdown {}", point.name));
    }

    /// False: it is no command.
    bool obey(const std::string& command, std::istream& words)
    {
        if (command == "count")
        {
            words >> current.readIo >> current.writeIo >> current.remaining;
            return bool(words);
        }
        if (command == "show")
        {
            return show(words);
        }
        int number = 0;
        words >> number;
        if (command == "complete")
        {
            listener.completed(*this, number);
        }
        else if (command == "answer")
        {
            answer = number;
        }
        return bool(words) && (command == "complete" || command == "answer");
    }

  private:
    bool show(std::istream& words)
    {
        std::string field;
        while (words >> field)
        {
            if (field == "state")
            {
                int number = 0;
                words >> number;
                current.mount.state = static_cast<Mount::State>(number);
            }
            else if (field == "active")
            {
                words >> current.mount.active;
            }
            else if (field == "exitCode")
            {
                words >> current.mount.exitCode;
            }
            else if (field == "imageUrl")
            {
                words >> current.mount.imageUrl;
            }
            else if (field == "writeProtected")
            {
                words >> current.mount.writeProtected;
            }
            else
            {
                return false;
            }
            if (!words)
            {
                return false;
            }
        }
        listener.changed(*this);
        return true;
    }

    const service::MountPoint& point;
    Listener& listener;
    View current{};
    int answer = 0;
};

/// Reads the lines.
class Script
{
  public:
    explicit Script(const boost::asio::any_io_executor& executor) :
        input(executor, ::dup(STDIN_FILENO))
    {}

    void add(ScriptedSlot& slot)
    {
        slots[slot.mountPoint().name] = &slot;
    }

    void next()
    {
        boost::asio::async_read_until(
            input, buffer, '\n',
            [this](const boost::system::error_code& error, size_t) {
            if (error)
            {
                return endAll();
            }
            obeyLine();
            next();
        });
    }

  private:
    void obeyLine()
    {
        std::istream stream(&buffer);
        std::string line;
        std::getline(stream, line);
        std::istringstream words(line);
        std::string command;
        std::string name;
        words >> command >> name;
        const auto found = slots.find(name);
        if (found == slots.end() || !found->second->obey(command, words))
        {
            throw std::runtime_error("no command: " + line);
        }
        say(fmt::format("done {}", ++done));
    }

    void endAll()
    {
        for (auto& [name, slot] : slots)
        {
            std::istringstream ready("state 0");
            slot->obey("show", ready);
        }
    }

    std::map<std::string, ScriptedSlot*> slots{};
    boost::asio::posix::stream_descriptor input;
    boost::asio::streambuf buffer{};
    int done = 0;
};

boost::asio::awaitable<Result<bus::Slots>>
    scriptedSlots(boost::asio::any_io_executor executor,
                  const service::Config& config, Slot::Listener& listener)
{
    auto script = std::make_shared<Script>(executor);
    bus::Slots slots;
    slots.behind = script;
    for (const service::MountPoint& point : config.mountPoints)
    {
        auto slot = std::make_unique<ScriptedSlot>(point, listener);
        script->add(*slot);
        slots.all.push_back(std::move(slot));
    }
    script->next();
    co_return std::move(slots);
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{"vmediad with slots that standard input plays",
                 "vmediad-scripted"};
    bus::Options options;
    bus::addOptions(app, options);
    command::addManual(app);
    try
    {
        app.parse(argc, argv);
        return bus::runOptions(options, scriptedSlots);
    }
    catch (const CLI::ParseError& error)
    {
        return command::parseFailed(app, error);
    }
    catch (const std::exception& error)
    {
        return report("vmediad-scripted", {Errc::io, error.what()});
    }
}
