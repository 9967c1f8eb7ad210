// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "connection.hpp"
#include "image.hpp"
#include "reply_parser.hpp"
#include "workload.hpp"

#include <sys/uio.h>

#include <optional>
#include <random>
#include <vector>

namespace bench
{

/// One connection's requests: which are on the way, what to send next, and
/// whether what came is what was asked for.
///
/// Owner: borrows image and workload.
class Lane
{
  public:
    Lane(Connection connection, const Image& image, const Workload& workload,
         uint64_t number, uint64_t index, bool verify);

    int descriptor()
    {
        return connection.bytes().descriptor();
    }
    /// True if there is more to receive() of which an epoll knows nothing.
    bool hasBuffered()
    {
        return connection.bytes().hasBuffered();
    }
    std::string cipher()
    {
        return connection.bytes().cipher();
    }

    /// Sends what there is room for.
    vmedia::Result<void> submit();

    /// Receives once into @p buffer, and takes the replies in it.
    vmedia::Result<void> receive(std::span<std::byte> buffer);

    /// Receives until nothing is on the way, then compares what was written
    /// with the file, and says NBD_CMD_DISC.
    vmedia::Result<void> finish(std::span<std::byte> buffer);

    uint64_t done() const
    {
        return completed;
    }
    uint64_t checked() const
    {
        return checkedWords;
    }

    // The parser's sink
    std::optional<uint32_t> onReply(const vmedia::nbd::SimpleReply& reply);
    bool onData(uint64_t cookie, uint32_t position,
                vmedia::nbd::ByteView piece);
    void onDone(uint64_t cookie);

  private:
    struct Slot
    {
        uint64_t cookie = 0;
        uint64_t offset = 0;
        bool busy = false;
        vmedia::nbd::Bytes message{}; ///< of a write: header and data
    };

    bool writes() const
    {
        return workload.command == vmedia::nbd::Cmd::write;
    }
    uint64_t stamp() const
    {
        return image.seed() ^ (number + 1) * 0x9e3779b97f4a7c15;
    }
    uint64_t nextOffset();
    void prepare(Slot& slot, uint16_t index);
    vmedia::Result<void> compareWritten();

    Connection connection;
    const Image& image;
    const Workload& workload;
    uint64_t number;
    bool verify;
    std::mt19937_64 random;
    ReplyParser parser;
    std::vector<Slot> slots;
    std::vector<uint16_t> idle; ///< indices of slots
    vmedia::nbd::Bytes outbox;
    std::vector<iovec> parts;
    std::vector<uint64_t> written; ///< offsets, the last of them
    vmedia::Error problem{vmedia::Errc::protocol, ""};
    uint64_t serial = 0;
    uint64_t completed = 0;
    uint64_t checkedWords = 0;
};

} // namespace bench
