// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "output.hpp"
#include "transmission.hpp"
#include "vmedia/exports/export.hpp"

#include <functional>
#include <string_view>

namespace vmedia::nbd
{

/// Writes replies to one connection's commands, as simple replies, structured
/// ones or with extended headers. No I/O: into an Output.
///
/// Source: proto.md, "Simple reply message", "Structured reply chunk message".
class ReplyWriter
{
  public:
    ReplyWriter(Replies format, Output& into) : replies(format), out(into) {}

    void success(const Command& command);
    void error(const Command& command, ErrorValue error);

    /// Fills @p into from @p offset on; gives a system error number.
    using Fill = std::function<int(std::span<std::byte> into, uint64_t offset)>;

    /// A read as one run of data. Nothing of it stays if @p fill fails; then
    /// the error is the reply. Gives whether it succeeded.
    bool data(const Command& command, const Fill& fill);

    /// True if bytes wait that are not ours.
    bool borrows() const
    {
        return out.borrows();
    }

    /// As data(), the data being sent from where it is.
    void data(const Command& command, ByteView borrowed);

    /// As data(), but for the data, which the caller sends after it.
    void dataHeader(const Command& command);

    /// A read told as data and holes: @p extents cover it exactly.
    bool dataAndHoles(const Command& command,
                      std::span<const exports::Extent> extents,
                      const Fill& fill);

    /// NBD_CMD_BLOCK_STATUS in the one context that there is.
    void blockStatus(const Command& command,
                     std::span<const exports::Extent> extents);

  private:
    void chunk(const Command& command, Chunk type, uint16_t flags,
               uint32_t length);
    bool failed(const Command& command, size_t from, int errorNumber);

    Replies replies;
    Output& out;
};

} // namespace vmedia::nbd
