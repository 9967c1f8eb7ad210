// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/schedule.hpp"
#include "conformance/worker.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace conformance
{

/// The workers of a run.
///
/// Owner:  with it go the workers, what they started, and their temporary
///         files.
/// Errors: a worker that ends by itself takes only the case in its hand with
///         it, which is not tested then; fault() tells. If it was the last,
///         what is left is not given out.
class Crew
{
  public:
    /// @p suite has been prepared.
    Crew(Suite& suite, const std::vector<Row>& rows, uint64_t seed);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    /// What the first worker finds there is to test.
    vmedia::Result<std::string> open();

    /// Gives out all of @p schedule to @p size workers, and what came of each
    /// to @p done, in the order in which they end. SIGINT and SIGTERM make it
    /// give out no more.
    void run(Schedule& schedule, size_t size,
             const std::function<void(const Job&, Record)>& done);

    bool interrupted() const;
    /// What went wrong in here; empty if nothing did.
    const std::string& fault() const
    {
        return wrong;
    }

  private:
    struct Member
    {
        std::unique_ptr<Worker> worker;
        std::optional<Job> inHand{};
        std::optional<Job> last{};
    };
    struct Directory;

    vmedia::Result<void> grow();
    void give(Member& member, Schedule& schedule);
    void take(Member& member,
              const std::function<void(const Job&, Record)>& done);
    std::vector<Member*> busy();

    Suite& suite;
    const std::vector<Row>& rows;
    uint64_t seed;
    std::unique_ptr<Directory> directory;
    std::vector<Member> members;
    std::string wrong;
};

} // namespace conformance
