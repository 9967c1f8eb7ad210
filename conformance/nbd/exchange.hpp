// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/nbd/reply_header.hpp"

#include <initializer_list>
#include <map>
#include <span>

namespace conformance::nbd
{

/// What one request asks for.
struct Ask
{
    vmedia::nbd::Cmd type = vmedia::nbd::Cmd::read;
    uint64_t offset = 0;
    uint32_t length = 0;
    uint16_t flags = 0;
};

std::string describe(const Ask& ask);

/// One chunk of a structured reply, as it came.
struct Part
{
    uint16_t flags = 0;
    vmedia::nbd::Chunk type{};
    vmedia::nbd::Bytes payload{};

    bool isContent() const
    {
        return type == vmedia::nbd::Chunk::offsetData ||
               type == vmedia::nbd::Chunk::offsetHole;
    }
    /// Of a content chunk: the bytes of the export that it is about. {0, 0}
    /// if its payload is too short to tell.
    struct Range
    {
        uint64_t offset = 0;
        uint64_t length = 0;

        bool liesIn(const Ask& ask) const;
    };
    Range range() const;
};

std::string describe(const Part& part);

/// A whole reply: a simple one, or all chunks up to the last.
struct Reply
{
    uint64_t cookie = 0;
    Ask ask{};
    bool structured = false;
    /// Of the simple reply, or of the first error chunk.
    vmedia::nbd::ErrorValue error = vmedia::nbd::ErrorValue::none;
    /// Of a read that succeeded: put together, if its chunks cover it.
    vmedia::nbd::Bytes data{};
    std::vector<Part> parts{};
    bool complete = false; ///< `data` is all that was asked for

    bool succeeded() const
    {
        return error == vmedia::nbd::ErrorValue::none;
    }
};

/// What is negotiated before transmission.
enum class Form : uint8_t
{
    simple,
    structured,
    statuses, ///< structured replies and base:allocation
};

/// A client in transmission: requests out, whole replies in, in any order.
///
/// Shape:  wraps a Peer that haggles; the first thing that is not as wanted
///         is the Peer's verdict. The wire is followed strictly enough to stay
///         in step; what a chunk may hold is for the cases to judge.
/// Writes: only within what borrow() read before; the destructor puts that
///         back, over a connection of its own, for the first may be broken.
class Exchange
{
  public:
    /// Negotiates and enters transmission. "not applicable" is the verdict
    /// where the target lacks what @p form needs.
    explicit Exchange(Peer& client, Form form = Form::simple);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    // What the target told
    uint64_t size() const
    {
        return info.size;
    }
    bool has(vmedia::nbd::TransmissionFlag flag) const
    {
        return (info.flags & flag) != 0;
    }
    /// 1 if it told no block sizes
    uint32_t minimum() const
    {
        return minimumBlock;
    }
    /// 32 MiB if it told no block sizes
    uint32_t maximumPayload() const
    {
        return maximum;
    }
    /// The least that every server reads and writes ("Size constraints").
    uint32_t block() const
    {
        return std::max(512U, minimumBlock);
    }
    /// The last whole block begins here.
    uint64_t lastBlock() const
    {
        return info.size / block() * block() - block();
    }
    uint32_t context() const
    {
        return contextId;
    }

    // What a case needs; else it is not applicable
    void needs(vmedia::nbd::TransmissionFlag flag, std::string_view name);
    void needsUnset(vmedia::nbd::TransmissionFlag flag, std::string_view name);
    void needsSize(uint64_t least, std::string_view text);
    void needsMinimumOfOne();
    void needsBlockSizes();

    /// Reads what the case is going to overwrite. Not applicable if the
    /// export is read-only.
    vmedia::nbd::Bytes borrow(uint64_t offset, uint32_t length);

    // Requests
    uint64_t send(const Ask& ask, vmedia::nbd::ByteView payload = {});
    void sendAs(uint64_t cookie, const Ask& ask,
                vmedia::nbd::ByteView payload = {});
    /// The request's bytes, whose reply receive() then knows; the caller
    /// sends them.
    vmedia::nbd::Bytes prepare(uint64_t cookie, const Ask& ask,
                               vmedia::nbd::ByteView payload = {});
    /// All of them at once.
    void sendTogether(std::span<const Ask> asks);

    // Replies
    size_t outstanding() const
    {
        return pending.size();
    }
    /// The next whole reply to any request.
    std::optional<Reply> receive();
    /// The data of all reads that are outstanding.
    void wantOutstanding();
    /// One request and its reply.
    std::optional<Reply> answer(const Ask& ask,
                                vmedia::nbd::ByteView payload = {});
    /// A read that has to succeed.
    vmedia::nbd::Bytes read(uint64_t offset, uint32_t length,
                            uint16_t flags = 0);
    void wantSuccess(const Ask& ask, vmedia::nbd::ByteView payload = {});
    void wantContent(uint64_t offset, vmedia::nbd::ByteView wanted,
                     std::string_view what);
    /// One of @p accepted, and the next request is answered.
    void wantError(const Ask& ask,
                   std::initializer_list<vmedia::nbd::ErrorValue> accepted,
                   vmedia::nbd::ByteView payload = {});
    /// Whatever the answer is, there is one, and the next request gets its
    /// own. The verdict tells it.
    Verdict noteAnswer(const Ask& ask, vmedia::nbd::ByteView payload = {});
    /// A read of one block is answered.
    void wantInStep();

    Peer& peer()
    {
        return client;
    }
    Verdict verdict() const
    {
        return client.verdict();
    }

  private:
    std::optional<Reply> simpleReply(const ReplyHeader& header);
    std::optional<Reply> chunk(const ReplyHeader& header);
    void assemble(Reply& reply);
    struct Pending
    {
        Ask ask;
        std::vector<Part> parts{};
    };
    using Pendings = std::multimap<uint64_t, Pending>;
    Pendings::iterator find(uint64_t cookie);

    Peer& client;
    vmedia::nbd::InfoExport info{};
    bool toldBlockSizes = false;
    uint32_t minimumBlock = 1;
    uint32_t maximum = 32U << 20;
    uint32_t contextId = 0;
    bool structured = false;
    Pendings pending;
    struct Loan
    {
        uint64_t offset;
        vmedia::nbd::Bytes content;
    };
    std::vector<Loan> loans;
};

} // namespace conformance::nbd
