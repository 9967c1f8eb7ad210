// SPDX-License-Identifier: Apache-2.0
#include "audit.hpp"

#include <algorithm>
#include <cstring>

namespace vmedia::nbd::fuzz
{

using ::fuzz::require;

namespace
{

struct Sent
{
    Command command;
    ByteView payload;
    uint64_t covered = 0; ///< bytes of a read that were told
    size_t chunks = 0;
    bool done = false;
};

class Transmission
{
  public:
    Transmission(Told& server, const Agreed& terms, const Catalogue& offer,
                 const Circumstances& how) :
        told(server), agreed(terms), info(offer.infos[terms.index]),
        disturbed(!how.faults().empty() || how.stops() || how.hangsUp())
    {}

    /// What the client asked for before it left or stopped making sense.
    void readRequests(Reader& said)
    {
        const bool extended = agreed.replies == Replies::extended;
        const size_t size = extended ? ExtendedRequest::wireSize
                                     : Request::wireSize;
        while (said.left() >= size)
        {
            const ByteView bytes = said.bytes(size);
            const auto command = extended ? decodeExtended(bytes)
                                          : decodeCompact(bytes);
            if (!command || command->type == Cmd::disc ||
                command->payload > (extended ? payloadMax : skippedMax) ||
                command->payload > said.left())
            {
                left = command && command->type == Cmd::disc;
                return;
            }
            sent.push_back({*command, said.bytes(command->payload)});
        }
    }

    void readReplies()
    {
        while (!told.atEnd())
        {
            if (agreed.replies == Replies::simple)
            {
                simpleReply();
            }
            else
            {
                chunk();
            }
        }
    }

    void judgeEnd(const Result<SessionEnd>& end) const
    {
        if (!end)
        {
            return;
        }
        require(*end != SessionEnd::aborted, "not in transmission");
        require(left == (*end == SessionEnd::disconnected),
                "disconnected by NBD_CMD_DISC and nothing else");
        require(disturbed || std::ranges::all_of(sent, &Sent::done),
                "an orderly end leaves no request without its reply");
    }

  private:
    static std::optional<Command> decodeCompact(ByteView bytes)
    {
        const auto r = decodeRequest(bytes.first<Request::wireSize>());
        return r ? std::optional(Command::of(*r)) : std::nullopt;
    }
    static std::optional<Command> decodeExtended(ByteView bytes)
    {
        const auto r =
            decodeExtendedRequest(bytes.first<ExtendedRequest::wireSize>());
        return r ? std::optional(Command::of(*r)) : std::nullopt;
    }

    /// The oldest request with that cookie which has no final reply.
    Sent& find(uint64_t cookie)
    {
        const auto found = std::ranges::find_if(sent, [cookie](const Sent& s) {
            return s.command.cookie == cookie && !s.done;
        });
        require(found != sent.end(),
                "a reply to a request, and one final reply to each");
        return *found;
    }

    void simpleReply()
    {
        const auto reply = decodeSimpleReply(
            told.take(SimpleReply::wireSize).first<SimpleReply::wireSize>());
        require(reply.has_value(), "a simple reply");
        Sent& of = find(reply->cookie);
        if (reply->error == ErrorValue::none && of.command.type == Cmd::read)
        {
            data(of, of.command.offset, told.take(of.command.length));
        }
        finish(of, reply->error);
    }

    void chunk()
    {
        const bool extended = agreed.replies == Replies::extended;
        Reader r = told.reader(extended ? ExtendedChunkHeader::wireSize
                                        : ChunkHeader::wireSize);
        require(r.u32() ==
                    (extended ? extendedReplyMagic : structuredReplyMagic),
                "the magic that was agreed on");
        const uint16_t flags = r.u16();
        const Chunk type{r.u16()};
        Sent& of = find(r.u64());
        if (extended)
        {
            require(r.u64() == of.command.offset,
                    "an extended header repeats the request's offset");
        }
        const uint64_t length = extended ? r.u64() : r.u32();
        require((flags & ~replyDone) == 0, "no flag but DONE");
        require(length <= payloadMax + 8, "a chunk of a bounded length");
        ++of.chunks;
        const ErrorValue error = body(of, type, told.take(length));
        require((of.command.flags & commandDf) == 0 || of.chunks == 1 ||
                    error != ErrorValue::none,
                "one chunk where it must not be fragmented");
        if ((flags & replyDone) != 0)
        {
            finish(of, error);
        }
        else
        {
            require(of.command.type == Cmd::read && type != Chunk::none,
                    "only reads are told in parts");
        }
    }

    ErrorValue body(Sent& of, Chunk type, ByteView bytes)
    {
        Reader r{bytes};
        switch (type)
        {
            case Chunk::none:
                require(bytes.empty(), "nothing in NBD_REPLY_TYPE_NONE");
                return ErrorValue::none;
            case Chunk::offsetData:
                require(bytes.size() > 8, "an offset and a byte at least");
                data(of, r.u64(), bytes.subspan(8));
                return ErrorValue::none;
            case Chunk::offsetHole:
            {
                require(bytes.size() == 12, "an offset and a length");
                const uint64_t offset = r.u64();
                hole(of, offset, r.u32());
                return ErrorValue::none;
            }
            case Chunk::blockStatus:
            case Chunk::blockStatusExt:
                require((type == Chunk::blockStatusExt) ==
                            (agreed.replies == Replies::extended),
                        "the extended chunk with extended headers, only there");
                blockStatus(of, r);
                return ErrorValue::none;
            case Chunk::error:
            {
                require(bytes.size() >= 6, "an error and a length");
                const ErrorValue error{r.u32()};
                require(r.u16() == r.left(), "the length is the text's");
                require(error != ErrorValue::none &&
                            isPlainText(bytes.subspan(6)),
                        "an error and a text for people to read");
                return error;
            }
            default:
                require(false, "a type of chunk that is known");
                return ErrorValue::none;
        }
    }

    void covers(Sent& of, uint64_t offset, uint64_t length)
    {
        require(of.command.type == Cmd::read, "data of a read");
        require(offset == of.command.offset + of.covered, "in order");
        of.covered += length;
        require(of.covered <= of.command.length, "no more than was asked for");
    }

    void data(Sent& of, uint64_t offset, ByteView bytes)
    {
        covers(of, offset, bytes.size());
        require(isContent(offset, bytes), "what was written is read");
    }

    void hole(Sent& of, uint64_t offset, uint32_t length)
    {
        require((of.command.flags & commandDf) == 0, "no hole with DF");
        covers(of, offset, length);
        require(isContent(offset, zeroes().first(length)),
                "a hole reads as zeroes");
    }

    void blockStatus(Sent& of, Reader& r)
    {
        const bool extended = agreed.replies == Replies::extended;
        require(of.command.type == Cmd::blockStatus && agreed.allocation,
                "the status of blocks where it was agreed on");
        require(r.left() >= 4 && r.u32() == allocationId, "of base:allocation");
        const size_t size = extended ? 16 : 8;
        if (extended)
        {
            require(r.left() >= 4 && r.u32() == r.left() / size,
                    "as many extents as it says");
        }
        require(r.left() >= size && r.left() % size == 0, "whole extents");
        require((of.command.flags & commandReqOne) == 0 || r.left() == size,
                "one extent where one was asked for");
        uint64_t rest = of.command.length;
        for (uint64_t before = ~0ULL; r.left() > 0;)
        {
            const uint64_t length = extended ? r.u64() : r.u32();
            const uint64_t flags = extended ? r.u64() : r.u32();
            require(length > 0 && length <= rest, "inside what was asked for");
            require(flags != before, "neighbours differ");
            before = flags;
            rest -= length;
        }
    }

    /// The final reply: what the request did is done now.
    void finish(Sent& of, ErrorValue error)
    {
        const Command& c = of.command;
        of.done = true;
        if (error != ErrorValue::none)
        {
            const bool plain = c.type == Cmd::read && c.flags == 0 &&
                               c.payload == 0 && inside(c) &&
                               c.length <= payloadMax;
            require(disturbed || !plain, "what is in order is not refused");
            return;
        }
        const bool ranged = c.type != Cmd::flush;
        require(!ranged || inside(c), "nothing is done beyond the end");
        switch (c.type)
        {
            case Cmd::read:
                require(of.covered == c.length, "all that was asked for");
                break;
            case Cmd::write:
                require(c.payload == c.length, "a write with its payload");
                store(c.offset, of.payload);
                break;
            case Cmd::trim:
            case Cmd::writeZeroes:
                clear(c);
                break;
            default:
                require(c.type == Cmd::flush || c.type == Cmd::cache ||
                            c.type == Cmd::blockStatus,
                        "what is no command does not succeed");
        }
    }

    bool inside(const Command& c) const
    {
        return c.offset <= info.size && c.length <= info.size - c.offset;
    }

    void wantWritable() const
    {
        require((info.flags & readOnly) == 0, "what is read-only stays");
    }

    void store(uint64_t offset, ByteView bytes)
    {
        wantWritable();
        if (info.name == "disk")
        {
            std::ranges::copy(bytes, disk.begin() + static_cast<int>(offset));
        }
    }

    void clear(const Command& c)
    {
        wantWritable();
        if (info.name == "disk")
        {
            std::fill_n(disk.begin() + static_cast<int>(c.offset), c.length,
                        std::byte{0});
        }
    }

    static ByteView zeroes()
    {
        static const Bytes all(payloadMax);
        return all;
    }

    bool isContent(uint64_t offset, ByteView bytes) const
    {
        if (info.name == "pattern")
        {
            // Computed byte by byte: the ends tell.
            return bytes.empty() ||
                   (bytes.front() == patternAt(offset) &&
                    bytes.back() == patternAt(offset + bytes.size() - 1));
        }
        const ByteView all = info.name == "disk"   ? ByteView(disk)
                             : info.name == "file" ? fileContent()
                                                   : zeroes();
        const bool stored = info.name == "disk" || info.name == "file";
        const uint64_t from = stored ? offset : 0;
        require(from <= all.size() && bytes.size() <= all.size() - from,
                "no data beyond the end");
        // Not std::ranges::equal(): that is instrumented, byte for byte.
        return bytes.empty() ||
               std::memcmp(bytes.data(), all.data() + from, bytes.size()) == 0;
    }

    static std::byte patternAt(uint64_t offset)
    {
        const auto word = pack<8>(offset - offset % 8);
        return word[offset % 8];
    }

    Told& told;
    const Agreed& agreed;
    const ExportInfo& info;
    bool disturbed; ///< so that a request may fail, or have no answer
    bool left = false;
    std::vector<Sent> sent{};
    Bytes disk = Bytes(diskSize);
};

} // namespace

void auditTransmission(Reader& said, Told& told, const Agreed& agreed,
                       const Catalogue& offer,
                       const Circumstances& circumstances,
                       const Result<SessionEnd>& end)
{
    Transmission transmission(told, agreed, offer, circumstances);
    transmission.readRequests(said);
    transmission.readReplies();
    transmission.judgeEnd(end);
}

} // namespace vmedia::nbd::fuzz
