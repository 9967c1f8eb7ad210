// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "input.hpp"
#include "perform.hpp"
#include "session.hpp"
#include "workers.hpp"

namespace vmedia::nbd
{

/// What a session does about commands, once they are read and planned: takes
/// payloads, has them performed, here or by workers, and sends the replies.
/// Moves bytes; plan() decides.
///
/// Owner:   borrows all that it is made of.
/// Threads: the session's.
class Execution
{
  public:
    template <typename T>
    using Task = boost::asio::awaitable<Result<T>>;

    Execution(Stream& peer, Input& from, exports::Export& data,
              const Terms& agreed, Traffic& counters,
              const SessionOptions& with, const Deviation& hooks);

    /// After it the command's payload is consumed; its reply may still wait
    /// to be sent, or to be made.
    Task<void> carryOut(Command command, Plan todo);

    /// The replies that wait are worth a call.
    bool isFull() const
    {
        return out.size() >= batchBytes;
    }
    Task<void> sendBatch();

    /// Sends what the workers have finished.
    Task<void> collect();

    /// Nothing is owed after it.
    Task<void> finishAll();

  private:
    /// Replies that wait to be sent together. Sixteen of 4 KiB share the cost
    /// of a call; with more of them, the client would have nothing to do
    /// meanwhile.
    static constexpr size_t batchBytes = 64 << 10;

    int fileForWrite(const Command& command, const Plan& todo);
    Task<void> receiveFile(const Command& command, int file);
    Task<void> submit(const Command& command, const Plan& todo,
                      std::chrono::microseconds delay);
    Task<void> waitAndCollect();
    Task<void> makeRoom(uint64_t bytes);
    Task<void> sendFile(const Command& command, int file);
    exports::Fault faultOf(const Command& command, const Plan& todo);
    Task<void> goWrong(const Command& command, const Plan& todo,
                       const exports::Fault& fault);
    static boost::asio::awaitable<void> pause(std::chrono::microseconds length);
    Task<void> takePayload(const Command& command, const Plan& todo);
    std::span<std::byte> roomFor(size_t size);

    Stream& stream;
    Input& input;
    const Terms& terms;
    const SessionOptions& options;
    const Deviation& deviation; ///< the session's own copy
    std::optional<exports::FaultPlan> faults;
    Output out;                 ///< replies that wait to be sent
    ReplyWriter reply;
    Performer performer;
    std::shared_ptr<std::byte[]> buffer{}; ///< where the payload is
    size_t bufferSize = 0;
    ByteView payload{};                    ///< of the command in hand
    bool maySpread;
    std::unique_ptr<Workers> workers{}; ///< last: its jobs use all of the above
};

} // namespace vmedia::nbd
