// SPDX-License-Identifier: Apache-2.0
#include "crew.hpp"

#include "conformance/orphans.hpp"
#include "fixtures/temp_dir.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

namespace conformance
{

namespace
{

/// A handler can reach nothing else.
volatile std::sig_atomic_t signalled = 0;

/// For cases in hand, most of which take milliseconds, and some minutes.
constexpr std::chrono::seconds patienceAfterSignal{2};

/// SIGINT and SIGTERM end the run when the cases in hand have ended, or soon:
/// so the report is written and what was started is ended.
void catchInterrupts()
{
    struct sigaction action{};
    action.sa_handler = [](int) { signalled = 1; };
    action.sa_flags =
        static_cast<int>(SA_RESETHAND); // a second one ends us at once
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
}

} // namespace

/// Where the workers have their temporary files, also those of one that was
/// killed.
struct Crew::Directory
{
    Directory()
    {
        ::setenv("TMPDIR", files.path().c_str(), 1);
    }
    fixtures::TempDir files;
};

Crew::Crew(Suite& of, const std::vector<Row>& selected, uint64_t first) :
    suite(of), rows(selected), seed(first),
    directory(std::make_unique<Directory>())
{
    // What a worker that was killed had started comes to us.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    catchInterrupts();
}

Crew::~Crew()
{
    members.clear();
    endOrphans();
}

bool Crew::interrupted() const
{
    return signalled != 0;
}

vmedia::Result<void> Crew::grow()
{
    std::vector<int> others;
    for (const Member& member : members)
    {
        if (member.worker)
        {
            others.push_back(member.worker->descriptor());
        }
    }
    auto started = Worker::start(suite, rows, others);
    if (!started)
    {
        return tl::unexpected(started.error());
    }
    members.push_back({.worker = std::move(*started)});
    return {};
}

vmedia::Result<std::string> Crew::open()
{
    if (auto started = grow(); !started)
    {
        return tl::unexpected(started.error());
    }
    Worker& first = *members.front().worker;
    first.askToOpen(seed);
    for (;;)
    {
        const auto answer = first.receive();
        if (!answer)
        {
            return tl::unexpected(answer.error());
        }
        if (*answer)
        {
            return parseOpened(**answer);
        }
    }
}

void Crew::run(Schedule& schedule, size_t size,
               const std::function<void(const Job&, Record)>& done)
{
    while (members.size() < size)
    {
        if (const auto started = grow(); !started)
        {
            wrong = vmedia::describe(started.error());
            break;
        }
    }
    for (Member& member : members)
    {
        give(member, schedule);
    }
    using Clock = std::chrono::steady_clock;
    constexpr int look = 250; // ms; a signal may come just before the poll
    std::optional<Clock::time_point> until;
    for (auto all = busy(); !all.empty(); all = busy())
    {
        if (interrupted())
        {
            until = until.value_or(Clock::now() + patienceAfterSignal);
            if (Clock::now() >= *until)
            {
                std::ranges::for_each(
                    all, [](Member* one) { one->worker->abandon(); });
                break;
            }
        }
        std::vector<pollfd> entries;
        entries.reserve(all.size());
        for (const Member* member : all)
        {
            entries.push_back({member->worker->descriptor(), POLLIN, 0});
        }
        if (::poll(entries.data(), entries.size(), look) <= 0)
        {
            continue;
        }
        for (size_t i = 0; i < all.size(); ++i)
        {
            if (entries[i].revents != 0)
            {
                take(*all[i], done);
                give(*all[i], schedule);
            }
        }
    }
}

std::vector<Crew::Member*> Crew::busy()
{
    std::vector<Member*> all;
    for (Member& member : members)
    {
        if (member.inHand)
        {
            all.push_back(&member);
        }
    }
    return all;
}

void Crew::give(Member& member, Schedule& schedule)
{
    if (!member.worker || member.inHand || interrupted())
    {
        return;
    }
    member.inHand = schedule.next(member.last);
    if (member.inHand)
    {
        member.worker->askToRun(member.inHand->row,
                                seed + member.inHand->round);
    }
}

void Crew::take(Member& member,
                const std::function<void(const Job&, Record)>& done)
{
    auto answer = member.worker->receive();
    if (answer && !*answer)
    {
        return;
    }
    const Job job = *member.inHand;
    const Row& row = rows[job.row];
    auto record =
        answer.and_then([&row](const std::optional<std::string>& text) {
        return parseResult(*text, row);
    });
    if (!record)
    {
        wrong = fmt::format("{} in case {}", record.error().what, row.id);
        member.worker.reset();
        record = recordOf(row);
        record->verdict = notTested(wrong);
    }
    member.last = std::exchange(member.inHand, std::nullopt);
    done(job, std::move(*record));
}

} // namespace conformance
