// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace vmedia::proxy
{

/// What happened. `status` is an exit status; `text` says more, for people.
struct Event
{
    enum class What : uint8_t
    {
        connected,    ///< nbd-client is on the socket
        deviceReady,  ///< the device has a size
        startEnded,   ///< `state start` exited with `status`
        stopEnded,    ///< `state stop` exited with `status`
        farEndClosed, ///< end of input, or nobody reads our output
        clientHungUp, ///< nbd-client, or the kernel, closed the socket
        clientEnded,  ///< nbd-client exited with `status`
        signalled,    ///< SIGTERM or SIGINT; its name is in `text`
        relayFailed,  ///< reading or writing failed: `text`
        deadline,     ///< what armDeadline() asked for has passed
    };
    What what;
    int status = 0;
    std::string text{};
};

/// What to do now.
enum class Action : uint8_t
{
    runStart,         ///< and tell startEnded
    runStop,          ///< and tell stopEnded
    killHook,         ///< SIGKILL
    terminateClient,  ///< SIGTERM
    killClient,       ///< SIGKILL
    armHookDeadline,  ///< each arming replaces the one before
    armGraceDeadline, ///< how long nbd-client may take to exit
    disarm,           ///< no deadline any more
    finish,           ///< flush what is left, and exit with outcome()
};

/// One session of nbd-proxy: which event leads to which action. No I/O and no
/// clock in here.
///
///   connecting --connected----------------> negotiating
///   connecting, negotiating --deadline----> (end, failed)
///   negotiating --deviceReady-------------> starting       runStart
///   starting --startEnded 0---------------> serving
///   starting --startEnded n---------------> (end, failed)
///   starting --end------------------------> finishingStart
///   finishingStart --startEnded-----------> stopping       runStop
///   finishingStart --deadline-------------> (same)         killHook
///   stopping --stopEnded------------------> leaving, closing or ended
///   stopping --deadline-------------------> (same)         killHook
///   leaving --deadline--------------------> closing        terminateClient
///   closing --deadline--------------------> (same)         killClient
///   leaving, closing --clientEnded--------> ended          finish
///
/// An end is: far end closed, client ended, signal, relay failed. The first
/// one gives the reason; what comes later can turn success into failure, but
/// cuts nothing short: a second signal during `state stop` changes nothing.
///
/// `state stop` runs once, and only if `state start` was run: before it the
/// start hook must have ended, or its end could come after the stop's and
/// leave a gadget behind. A client that sees the far end's close exits by
/// itself: `leaving` gives it time to; else it gets SIGTERM at once.
class SessionState
{
  public:
    struct Names
    {
        std::string device;  ///< /dev/nbd0
        std::string name;    ///< of the configuration
        bool hasHook = true; ///< without one, ready means served
    };

    struct Outcome
    {
        bool orderly;
        std::string reason;
    };

    explicit SessionState(Names names);

    std::vector<Action> on(const Event& event);

    /// Meaningful after Action::finish.
    Outcome outcome() const;

  private:
    enum class Phase : uint8_t
    {
        connecting,
        negotiating,
        starting,
        serving,
        finishingStart,
        stopping,
        leaving,
        closing,
        ended,
    };

    bool ending() const;
    std::vector<Action> end(bool isOrderly, std::string why);
    std::vector<Action> afterHooks();
    std::vector<Action> onStartEnded(const Event& event);
    std::vector<Action> onStopEnded(const Event& event);
    std::vector<Action> onClientEnded(const Event& event);
    std::vector<Action> onDeadline();
    std::string hookFailure(const char* verb, const Event& event) const;
    void addFailure(std::string why);

    Names names;
    Phase phase = Phase::connecting;
    bool ready = false;
    bool clientGone = false;
    bool hungUp = false;
    bool hookKilled = false;
    bool letClientLeave = false;
    bool orderly = true;
    std::string reason{};
};

} // namespace vmedia::proxy
