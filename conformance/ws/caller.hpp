// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace conformance::ws
{

/// What a client tells of how its session went.
struct Farewell
{
    bool crashed = false;           ///< by a signal that was not ours
    bool failed = false;            ///< it says that it went wrong
    std::optional<uint16_t> code{}; ///< the Close code that it tells of
    std::string how{};              ///< "status 1; it printed '…'"
};

/// One time that a client was asked to dial.
///
/// Owner: the destructor ends the client, if it was started for this.
class Visit
{
  public:
    virtual ~Visit() = default;
    /// Readable when there is something new to tell; -1 if that is never.
    virtual int descriptor() const = 0;
    /// What the client told, if it does before @p grace is over and nothing
    /// of it is at work any more.
    virtual std::optional<Farewell>
        farewell(std::chrono::milliseconds grace) = 0;
    /// Whether farewell() can ever tell something.
    virtual bool tells() const = 0;
};

/// Who dials us, as often as we like.
///
/// Threads: the one that made it. Visits do not outlive it.
class Caller
{
  public:
    virtual ~Caller() = default;
    /// Errors: there is no such program, or it has ended.
    virtual vmedia::Result<std::unique_ptr<Visit>>
        call(const std::string& url) = 0;
    /// Whether each visit has a URL of its own.
    virtual bool takesUrls() const
    {
        return true;
    }
    /// Whether it is one program for all visits.
    virtual bool stays() const
    {
        return false;
    }
};

/// @p words is a program and its arguments, and {url} is in one of them: it is
/// started for each visit, and its exit status is its farewell. Without {url}
/// it is started once: it reads URLs from its standard input, one a line, and
/// writes for each session that has ended a line
///
///     {"url": "ws://…", "code": 1006, "clean": false, "reason": ""}
///
/// to its standard output. What it says on standard error is its own.
std::unique_ptr<Caller> callerOf(std::vector<std::string> words);

/// Somebody who reads the URL that we print, and dials it again and again.
std::unique_ptr<Caller> anybody();

} // namespace conformance::ws
