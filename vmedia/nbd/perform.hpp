// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "reply.hpp"
#include "traffic.hpp"

#include <vector>

namespace vmedia::nbd
{

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

    /// @p payload is the command's, of a write.
    void perform(const Command& command, const Plan& todo, ByteView payload);

    /// The file whose bytes answer this read as they are, or -1: too few to
    /// be worth a call of their own, holes to be told, or no such file.
    int fileFor(const Command& command);

    /// The header of a read that fileFor() answers.
    void beginFile(const Command& command);

  private:
    uint64_t answer(const Command& command, int errorNumber);
    int zero(const Command& command);
    void read(const Command& command);
    bool mayTellHoles(const Command& command) const;
    bool wholeRead(const Command& command);
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
