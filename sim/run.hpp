// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "fixtures/temp_dir.hpp"
#include "log.hpp"
#include "timeline.hpp"
#include "vmedia/error/error.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace sim
{

/// One run of the lab: what was seen of it so far, and how to wait for more.
///
/// Shape:   every line of every log passes through here; a line that proves a
///          stage is put on the timeline at the time it came.
/// Owner:   whoever called make(). Logs know their run by a weak_ptr: they may
///          outlive it by one wake-up.
class Run : public std::enable_shared_from_this<Run>
{
  public:
    struct Options
    {
        Expectation expectation{};
        double timeoutScale = 1;
        std::filesystem::path logs{}; ///< empty: with the run's other files
        size_t columns = 100;
        bool terminal = false;        ///< progress may rewrite its line
    };
    static std::shared_ptr<Run>
        make(const boost::asio::any_io_executor& executor, Options options,
             std::ostream& out);

    /// A log for one more stream; @p name also names its file.
    LogPtr log(Source source, std::string name);

    void mark(Stage stage, std::string_view evidence);

    /// A line for who waits in front of the terminal.
    void say(std::string_view text);

    /// Waits until @p stage was seen.
    ///
    /// Errors: its deadline passed (each line of @p progress, if any, renews
    ///         it), one of @p alive ended first, or a log spoke of trouble.
    ///         The text says which hop did not happen and why.
    boost::asio::awaitable<vmedia::Result<void>>
        reach(Stage stage, std::vector<LogPtr> alive, LogPtr progress = {});

    /// A failure that is not a missing stage, for the report.
    void blame(Stage stage, LogPtr log);

    std::chrono::milliseconds sinceStart() const;
    const std::filesystem::path& folder() const
    {
        return directory.path();
    }
    const Timeline& timeline() const
    {
        return seen;
    }
    /// Where reach() failed, and the log to read then (may be null).
    std::optional<Stage> failedStage() const
    {
        return failed;
    }
    const LogPtr& failedLog() const
    {
        return culprit;
    }
    Event& event()
    {
        return changed;
    }
    /// "vmedia-host: sha256 HEX" and "…: medium DEVICE N bytes", once seen.
    std::string hostHash;
    std::string hostDevice;
    uint64_t hostBytes = 0;
    uint64_t cablesReady = 0; ///< how often usbredirect began to listen

  private:
    Run(const boost::asio::any_io_executor& executor, Options options,
        std::ostream& out);
    void onLine(Source source, const std::string& name, const std::string& line,
                bool whole);
    void prove(Source source, const std::string& line);
    void showProgress(std::string_view line);
    vmedia::Result<void> check(Stage stage, const std::vector<LogPtr>& alive);
    LogPtr logOf(Source source) const;

    Options options;
    std::ostream& out;
    Clock::time_point start = Clock::now();
    fixtures::TempDir directory;
    Event changed;
    Timeline seen;
    struct Trouble
    {
        std::string text;
        std::string log;
    };
    std::optional<Trouble> trouble;
    std::map<std::string, uint64_t> lines; ///< by log: a sign of progress
    std::vector<std::pair<Source, LogPtr>> logs;
    std::optional<Stage> failed;
    LogPtr culprit;
};

} // namespace sim
