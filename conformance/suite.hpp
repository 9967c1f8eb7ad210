// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "conformance/run_options.hpp"
#include "conformance/verdict.hpp"
#include "vmedia/error/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI
{
class App;
} // namespace CLI

namespace conformance
{

/// What the runner and the reports know of a case. The views live as long as
/// the program.
struct Row
{
    std::string_view id;
    std::string_view area;
    Level level;
    std::string_view spec;
    std::string_view says;
    std::string_view sends;
    std::string_view wants;
    bool writes = false;
    bool slow = false; ///< waits for a time-out of the target's
};

/// What is said of a run before the target was seen.
struct Plan
{
    std::string target;  ///< for the report's head
    std::string options; ///< the suite's own, as a shell takes them
    bool starts = false; ///< each worker starts a target of its own
};

/// The cases about one peer of one protocol, and how to try one. The runner
/// does the rest, the same for all suites: it selects, hands cases to workers,
/// judges expectations, reports.
///
/// Shape:   addOptions(), then prepare(), are called in the first process.
///          Each worker is a fork() of that, calls open() or not, and run()
///          for some of the cases. What run() needs it starts by itself.
/// Threads: none before a worker has begun, or fork() would lose them.
class Suite
{
  public:
    virtual ~Suite() = default;

    /// The subcommand, such as "nbd-server"
    virtual std::string_view name() const = 0;
    /// "Test an NBD server"
    virtual std::string_view about() const = 0;
    /// All cases, in the order of a run; those of an area come together.
    virtual std::vector<Row> rows() const = 0;
    /// What a target needs for that case, for `explain`: a line each.
    virtual std::vector<std::string> needs(const Row& row) const = 0;

    /// Where the target is and how it is started.
    virtual void addOptions(CLI::App& command) = 0;
    /// Looks at what was given, and not yet at the target.
    ///
    /// Errors: Errc::usage
    virtual vmedia::Result<Plan> prepare(const RunOptions& options) = 0;
    /// Cases of one group need the target in the same state: to change it
    /// takes time.
    virtual size_t groupOf(const Row& row) const = 0;

    /// Finds out what there is to test, for the first of @p selected that can
    /// be tested: a line for the report's head.
    virtual vmedia::Result<std::string> open(const std::vector<Row>& selected,
                                             uint64_t seed) = 0;
    /// Tries one. Fills the verdict, the wire and the server.
    virtual void run(const Row& row, uint64_t seed, Record& record) = 0;
    /// Ends what the two above have started; nothing is called after it.
    virtual void close() = 0;
};

/// A record of @p row with nothing seen yet.
Record recordOf(const Row& row);

/// A case draws the same whether it runs alone or among the others.
uint64_t seedOf(uint64_t seed, std::string_view id);

} // namespace conformance
