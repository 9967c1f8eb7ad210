// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/nbd/pack.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace conformance::ws
{

/// Who has which path: one client at a time.
///
/// Threads: any.
class Slots
{
  public:
    using Sink = std::function<void(vmedia::nbd::ByteView bytes)>;

    bool claim(const std::string& path);
    void release(const std::string& path);
    /// Where inject() puts what it is given, until the slot is released.
    void setSink(const std::string& path, Sink sink);
    /// Whatever the owner thinks of it.
    void inject(const std::string& path, vmedia::nbd::ByteView bytes);

  private:
    std::mutex mutex{};
    std::map<std::string, Sink> taken{};
};

} // namespace conformance::ws
