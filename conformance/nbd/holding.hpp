// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <mutex>

namespace conformance::nbd
{

/// A lock that a defect holds across a client's messages, so that others have
/// to wait for that client. There is one for the whole server.
///
/// Threads: begin() and end() from the session's own; a copy, as each session
///          has one of its Deviation, holds nothing. It ends with the session.
class Holding
{
  public:
    Holding() = default;
    Holding(const Holding&) : Holding() {}
    Holding& operator=(const Holding&) = delete;
    ~Holding() = default;

    void begin()
    {
        if (!lock)
        {
            lock = std::unique_lock(all());
        }
    }
    void end()
    {
        lock = {};
    }

  private:
    static std::mutex& all()
    {
        static std::mutex one;
        return one;
    }
    std::unique_lock<std::mutex> lock{};
};

} // namespace conformance::nbd
