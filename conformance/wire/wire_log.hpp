// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "wire.hpp"

#include <chrono>
#include <deque>

namespace conformance
{

/// Writes down what goes over the connections of a case, in bounded memory.
///
/// Bounds: of bytes that follow each other the first and the last are kept; of
///         a long case its beginning and its end, and what was left out
///         between them is counted.
/// Thread: the case's own.
class WireLog
{
  public:
    struct Limits
    {
        size_t head = 4608;    ///< bytes of an entry: a block and its header
        size_t tail = 256;     ///< bytes of an entry
        size_t bytes = 16384;  ///< of the beginning, and as many of the end
        size_t entries = 1000; ///< of the beginning, and as many of the end
    };

    WireLog() : WireLog(Limits{}) {}
    explicit WireLog(Limits bounds);

    /// Gives the connection its number.
    uint32_t connected(std::string where);
    /// No connection came about; it has a number all the same.
    void refused(std::string why);
    void sent(uint32_t connection, vmedia::nbd::ByteView bytes,
              bool below = false);
    void received(uint32_t connection, vmedia::nbd::ByteView bytes,
                  bool below = false);
    /// Anything but bytes.
    void event(WireKind kind, uint32_t connection, std::string text = {});

    /// What was written down; the log is empty after it.
    Wire take();

  private:
    void carry(WireKind kind, uint32_t connection, vmedia::nbd::ByteView bytes,
               bool below);
    void extend(WireEntry& entry, vmedia::nbd::ByteView bytes);
    void add(WireEntry entry);
    void trim();
    void lose(const WireEntry& entry);
    uint64_t now() const;

    Limits limits;
    std::chrono::steady_clock::time_point start;
    int64_t began;
    uint32_t connections = 0;
    std::vector<WireEntry> early;
    std::deque<WireEntry> late;
    WireEntry gap{.kind = WireKind::cut}; ///< between them; length: entries
    size_t earlyBytes = 0;
    size_t lateBytes = 0;
    bool earlyFull = false;
};

} // namespace conformance
