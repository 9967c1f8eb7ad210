// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reply.hpp"
#include "traffic.hpp"

#include <optional>
#include <vector>

namespace vmedia::nbd
{

/// What @p action asks of an export; none, if it is between the peers.
std::optional<exports::Operation> operationOf(Plan::Action action);

/// Does on an export what a plan says, and writes the reply. Blocks for as
/// long as the export does; no socket in here.
///
/// Owner: borrows all that it is made of.
class Performer
{
  public:
    /// @p gathers: a reply may borrow the export's bytes (Export::mapped()).
    Performer(exports::Export& data, const Terms& agreed, ReplyWriter& writer,
              Traffic& counters, bool gathers) :
        content(data), terms(agreed), reply(writer), traffic(counters),
        can(data.abilities()), mayBorrow(gathers)
    {}

    /// The same for another thread, with a writer of its own.
    Performer(const Performer& like, ReplyWriter& writer) :
        content(like.content), terms(like.terms), reply(writer),
        traffic(like.traffic), can(like.can), mayBorrow(false)
    {}

    /// True if this may keep others waiting (Export::mayWait()).
    bool mayWait(const Command& command, const Plan& todo) const;

    /// @p payload is the command's, of a write.
    void perform(const Command& command, const Plan& todo, ByteView payload);

    /// A read whose data may be sent from a file: gives it if the reply is
    /// only the header, which the data has to follow; -1 if the reply is
    /// whole (too short for a call of its own, holes to be told, no file).
    int readOrFile(const Command& command);

    /// The file that a write may be put into as it comes, or -1.
    int fileForWrite(const Command& command);

    /// Replies to a write that was put there; 0 or a system error number.
    void wrote(const Command& command, int errorNumber);

  private:
    uint64_t answer(const Command& command, int errorNumber);
    int zero(const Command& command);
    void read(const Command& command);
    void copy(const Command& command, bool holesKnown);
    bool mayTellHoles(const Command& command) const;
    bool findHoles(const Command& command);
    void blockStatus(const Command& command);

    exports::Export& content;
    const Terms& terms;
    ReplyWriter& reply;
    Traffic& traffic;
    exports::Abilities can;
    bool mayBorrow;
    std::vector<exports::Extent> extents{};
};

} // namespace vmedia::nbd
