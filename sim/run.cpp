// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace sim
{
using vmedia::Errc;
using vmedia::Result;

std::shared_ptr<Run> Run::make(const boost::asio::any_io_executor& executor,
                               Options options, std::ostream& out)
{
    return std::shared_ptr<Run>(new Run(executor, std::move(options), out));
}

Run::Run(const boost::asio::any_io_executor& executor, Options o,
         std::ostream& stream) :
    options(std::move(o)), out(stream), changed(executor)
{
    if (options.logs.empty())
    {
        options.logs = folder();
    }
}

LogPtr Run::log(Source source, std::string name)
{
    auto log = std::make_shared<Log>(name, options.logs, start,
                                     [weak = weak_from_this(), source, name](
                                         const std::string& line, bool whole) {
        if (auto self = weak.lock())
        {
            self->onLine(source, name, line, whole);
        }
    });
    logs.emplace_back(source, log);
    return log;
}

std::chrono::milliseconds Run::sinceStart() const
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() -
                                                                 start);
}

void Run::onLine(Source source, const std::string& name,
                 const std::string& line, bool whole)
{
    // Somebody else's loader may print a prompt and no line end. A letter or
    // two are no evidence to show.
    constexpr size_t telling = 8;
    const bool prompt = source == Source::host &&
                        !options.expectation.ownImage && line.size() >= telling;
    if (whole || prompt)
    {
        prove(source, line);
    }
    if (whole)
    {
        ++lines[name];
        showProgress(line);
        auto text = trouble ? std::nullopt : findTrouble(source, line);
        if (text)
        {
            trouble = Trouble{*text, name};
        }
    }
    changed.notify();
}

void Run::showProgress(std::string_view line)
{
    constexpr std::string_view progress = "vmedia-host: read ";
    if (options.terminal && line.starts_with(progress))
    {
        out << "\r\x1b[K           reading the medium: "
            << line.substr(progress.size()) << std::flush;
    }
}

void Run::prove(Source source, const std::string& line)
{
    constexpr std::string_view medium = "vmedia-host: medium ";
    if (line.starts_with(medium))
    {
        std::istringstream(line.substr(medium.size())) >> hostDevice >>
            hostBytes;
    }
    const auto stage = recognise(source, line, options.expectation);
    if (!stage)
    {
        return;
    }
    if (*stage == Stage::cableReady)
    {
        ++cablesReady;
    }
    if (*stage == Stage::mediumRead)
    {
        hostHash = line.substr(info(Stage::mediumRead).evidence.size());
    }
    mark(*stage, line);
}

void Run::mark(Stage stage, std::string_view evidence)
{
    if (seen.mark(stage, sinceStart(), evidence))
    {
        out << (options.terminal ? "\r\x1b[K" : "")
            << formatRow(seen.all().back(), options.columns) << std::endl;
    }
    changed.notify();
}

void Run::say(std::string_view text)
{
    out << text << std::endl;
}

LogPtr Run::logOf(Source source) const
{
    LogPtr last;
    for (const auto& [from, log] : logs)
    {
        last = from == source ? log : last;
    }
    return last;
}

void Run::blame(Stage stage, LogPtr log)
{
    failed = stage;
    culprit = std::move(log);
}

Result<void> Run::check(Stage stage, const std::vector<LogPtr>& alive)
{
    const StageInfo& wanted = info(stage);
    if (trouble)
    {
        const auto named = std::ranges::find_if(logs, [&](const auto& entry) {
            return entry.second->name() == trouble->log;
        });
        blame(stage, named == logs.end() ? nullptr : named->second);
        return vmedia::fail(Errc::child,
                            fmt::format("{}: {} says '{}'", wanted.otherwise,
                                        trouble->log, trouble->text));
    }
    for (const LogPtr& log : alive)
    {
        if (log->closed())
        {
            blame(stage, log);
            const std::vector<std::string> tail = log->tail();
            return vmedia::fail(
                Errc::child,
                fmt::format("{}: {} ended{}", wanted.otherwise, log->name(),
                            tail.empty()
                                ? " and had printed nothing"
                                : fmt::format(" after '{}'", tail.back())));
        }
    }
    return {};
}

boost::asio::awaitable<Result<void>>
    Run::reach(Stage stage, std::vector<LogPtr> alive, LogPtr progress)
{
    const StageInfo& wanted = info(stage);
    const auto room = std::chrono::duration_cast<Clock::duration>(
        wanted.deadline * options.timeoutScale);
    auto deadline = Clock::now() + room;
    uint64_t before = progress ? lines[progress->name()] : 0;
    while (seen.find(stage) == nullptr)
    {
        if (Result<void> fine = check(stage, alive); !fine)
        {
            co_return fine;
        }
        if (progress && lines[progress->name()] != before)
        {
            before = lines[progress->name()];
            deadline = Clock::now() + room;
        }
        co_await changed.wait(deadline);
        if (Clock::now() >= deadline && seen.find(stage) == nullptr)
        {
            blame(stage, progress ? progress : logOf(wanted.source));
            co_return vmedia::fail(
                Errc::timeout,
                fmt::format("{}: no '{}' from {} within {:.0f} s",
                            wanted.otherwise, wanted.evidence,
                            culprit ? culprit->name() : name(wanted.source),
                            static_cast<double>(wanted.deadline.count()) *
                                options.timeoutScale));
        }
    }
    co_return Result<void>{};
}

} // namespace sim
