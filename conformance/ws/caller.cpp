// SPDX-License-Identifier: Apache-2.0
#include "caller.hpp"

#include "client_program.hpp"
#include "conformance/orphans.hpp"
#include "conformance/spawn_line.hpp"
#include "conformance/transport/patience.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>

namespace conformance::ws
{

namespace
{

namespace json = boost::json;
using std::chrono::milliseconds;

Farewell farewellOf(const ClientProgram& program, const ClientProgram::End& end)
{
    const std::string report = program.sanitizerReport();
    return {.crashed = end.bySignal || !report.empty(),
            .failed = end.bySignal || end.number != 0,
            .how = report.empty() ? end.words : report};
}

/// A program for each visit.
class Started final : public Visit
{
  public:
    explicit Started(std::unique_ptr<ClientProgram> one) :
        program(std::move(one))
    {}

    int descriptor() const override
    {
        return program->watch();
    }
    bool tells() const override
    {
        return true;
    }
    std::optional<Farewell> farewell(milliseconds grace) override
    {
        Patience(grace).wait(program->watch(), POLLIN);
        const auto end = program->end();
        return end ? std::optional(farewellOf(*program, *end)) : std::nullopt;
    }

  private:
    std::unique_ptr<ClientProgram> program;
};

class StartedEach final : public Caller
{
  public:
    explicit StartedEach(std::vector<std::string> with) : words(std::move(with))
    {}
    ~StartedEach() override
    {
        endOrphans(); // of a program that starts others
    }

    vmedia::Result<std::unique_ptr<Visit>> call(const std::string& url) override
    {
        std::vector<std::string> argv = words;
        for (std::string& word : argv)
        {
            word = filled(std::move(word), {{"url", url}});
        }
        auto started = ClientProgram::start(argv, false);
        if (!started)
        {
            return tl::unexpected(started.error());
        }
        return std::make_unique<Started>(std::move(*started));
    }

  private:
    std::vector<std::string> words;
};

/// A program that stays, and what it has said.
class Resident
{
  public:
    explicit Resident(std::unique_ptr<ClientProgram> one) :
        program(std::move(one))
    {}

    ClientProgram& running()
    {
        return *program;
    }
    /// False at the end of what it says.
    bool hear()
    {
        std::array<char, 4096> piece{};
        const ssize_t got = ::read(program->output(), piece.data(),
                                   piece.size());
        if (got <= 0)
        {
            return false;
        }
        heard.append(piece.data(), static_cast<size_t>(got));
        for (size_t end = heard.find('\n'); end != std::string::npos;
             end = heard.find('\n'))
        {
            take(heard.substr(0, end));
            heard.erase(0, end + 1);
        }
        if (heard.size() > lineMax)
        {
            heard.clear(); // no line of ours
        }
        return true;
    }
    /// Of the session with @p url, once.
    std::optional<Farewell> farewellOf(const std::string& url)
    {
        const auto found = told.find(url);
        if (found == told.end())
        {
            return std::nullopt;
        }
        Farewell one = std::move(found->second);
        told.erase(found);
        return one;
    }

  private:
    static constexpr size_t lineMax = 64 << 10;

    void take(const std::string& line)
    {
        boost::system::error_code wrong;
        const json::value value = json::parse(line, wrong);
        const json::object* said = wrong ? nullptr : value.if_object();
        const json::value* url = said ? said->if_contains("url") : nullptr;
        if (url == nullptr || !url->is_string())
        {
            return; // its own business
        }
        Farewell one{.how = line};
        const json::value* code = said->if_contains("code");
        if (code != nullptr && code->is_int64())
        {
            one.code = static_cast<uint16_t>(code->as_int64());
        }
        const json::value* clean = said->if_contains("clean");
        const bool isClean = clean != nullptr && clean->is_bool() &&
                             clean->as_bool();
        one.failed = !isClean || one.code != 1000;
        told[std::string(url->as_string())] = std::move(one);
    }

    std::unique_ptr<ClientProgram> program;
    std::string heard{};
    std::map<std::string, Farewell> told{};
};

class Told final : public Visit
{
  public:
    Told(std::shared_ptr<Resident> by, std::string with) :
        resident(std::move(by)), url(std::move(with))
    {}

    int descriptor() const override
    {
        return resident->running().watch(); // what it says may be of another
    }
    bool tells() const override
    {
        return true;
    }
    std::optional<Farewell> farewell(milliseconds grace) override
    {
        Patience patience(grace);
        for (;;)
        {
            if (auto one = resident->farewellOf(url))
            {
                return one;
            }
            ClientProgram& program = resident->running();
            std::array<pollfd, 2> both{pollfd{program.output(), POLLIN, 0},
                                       pollfd{program.watch(), POLLIN, 0}};
            if (!patience.wait(both))
            {
                return std::nullopt;
            }
            if ((both[0].revents == 0 || !resident->hear()))
            {
                const auto end = program.end();
                return end ? std::optional(Farewell{.crashed = true,
                                                    .failed = true,
                                                    .how = end->words})
                           : std::nullopt;
            }
        }
    }

  private:
    std::shared_ptr<Resident> resident;
    std::string url;
};

class Stays final : public Caller
{
  public:
    explicit Stays(std::vector<std::string> with) : words(std::move(with)) {}
    ~Stays() override
    {
        resident.reset();
        endOrphans();
    }

    vmedia::Result<std::unique_ptr<Visit>> call(const std::string& url) override
    {
        if (!resident || resident->running().end())
        {
            auto started = ClientProgram::start(words, true);
            if (!started)
            {
                return tl::unexpected(started.error());
            }
            resident = std::make_shared<Resident>(std::move(*started));
        }
        ::signal(SIGPIPE, SIG_IGN); // it may end at any time
        const std::string line = url + '\n';
        // Short enough for one piece, and for the pipe if nobody reads yet.
        if (::write(resident->running().input(), line.data(), line.size()) !=
            static_cast<ssize_t>(line.size()))
        {
            const auto end = resident->running().end();
            return vmedia::fail(vmedia::Errc::child,
                                "the client takes no URLs: " +
                                    (end ? end->words : "it reads none"),
                                "without {url} it has to read them from its "
                                "standard input, one a line");
        }
        return std::make_unique<Told>(resident, url);
    }
    bool stays() const override
    {
        return true;
    }

  private:
    std::vector<std::string> words;
    std::shared_ptr<Resident> resident{};
};

class Unknown final : public Visit
{
  public:
    int descriptor() const override
    {
        return -1;
    }
    bool tells() const override
    {
        return false;
    }
    std::optional<Farewell> farewell(milliseconds) override
    {
        return std::nullopt;
    }
};

class Anybody final : public Caller
{
  public:
    vmedia::Result<std::unique_ptr<Visit>> call(const std::string& url) override
    {
        if (!printed)
        {
            fmt::print(stderr, "dial {}, and again after each session\n", url);
            printed = true;
        }
        return std::make_unique<Unknown>();
    }
    bool takesUrls() const override
    {
        return false;
    }

  private:
    bool printed = false;
};

} // namespace

std::unique_ptr<Caller> callerOf(std::vector<std::string> words)
{
    const bool each = std::ranges::any_of(words, [](const std::string& word) {
        return word.find("{url}") != std::string::npos;
    });
    if (each)
    {
        return std::make_unique<StartedEach>(std::move(words));
    }
    return std::make_unique<Stays>(std::move(words));
}

std::unique_ptr<Caller> anybody()
{
    return std::make_unique<Anybody>();
}

} // namespace conformance::ws
