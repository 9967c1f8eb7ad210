// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "backend.hpp"
#include "link.hpp"
#include "server_engine.hpp"
#include "slots.hpp"

#include <memory>
#include <string>
#include <vector>

namespace conformance::ws
{

/// One client of the reference server, from its first byte to the end of TCP.
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
    };

    Session(int socket, const Setup& setup, int number);

    void run();

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
    ServerEngine engine;
    Link link;
    std::unique_ptr<Backend> backend{};
    vmedia::nbd::Bytes toLink{};
    vmedia::nbd::Bytes toBackend{};
    Deadline seen{};
    Clock::time_point due{};
    bool stopping = false;
    bool gone = false; // nothing can be sent to it any more
};

} // namespace conformance::ws
