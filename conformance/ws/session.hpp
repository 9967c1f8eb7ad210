// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "backend.hpp"
#include "engine.hpp"
#include "link.hpp"
#include "slots.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace conformance::ws
{

/// One client of the reference server, or the reference client itself, from the
/// first byte to the end of TCP.
///
/// Threads: run() blocks, in a thread of its own. A session holds at most
///          about 1 MiB of what one side has sent and the other has not taken.
class Session
{
  public:
    struct Setup
    {
        Terms terms{};
        Deviation deviation{};
        std::vector<std::string> command{}; ///< none: what comes is sent back
        SSL_CTX* tls = nullptr;
        int stop = -1;                      ///< readable when all has to end
        Slots* slots = nullptr;
        std::function<void()> settled{};    ///< it is open, or over
    };

    Session(int socket, const Setup& setup, int number);
    /// A client's, for a server that is called @p name in TLS.
    Session(int socket, const Setup& setup, int number,
            std::unique_ptr<Engine> client, std::string_view name);

    void run();
    /// Of the Close frame that ended it; 0: there was none.
    uint16_t closeCode() const
    {
        return code;
    }

  private:
    using Clock = std::chrono::steady_clock;

    void turn();
    void handle(Event event);
    void open(const std::string& path);
    void take(const vmedia::nbd::Bytes& bytes);
    void backendEnded();
    void readLink();
    void wind();
    void finish();
    void linger();
    int pollTime();
    bool isGoing() const;

    const Setup& setup;
    const int number;
    std::string slot{}; // the one that is ours
    std::string path{};
    std::unique_ptr<Engine> engine;
    Link link;
    std::unique_ptr<Backend> backend{};
    vmedia::nbd::Bytes toLink{};
    vmedia::nbd::Bytes toBackend{};
    Deadline seen{};
    Clock::time_point due{};
    uint16_t code = 0;
    bool stopping = false;
    bool gone = false; // nothing can be sent to it any more
};

} // namespace conformance::ws
