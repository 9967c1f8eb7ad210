// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "config.hpp"
#include "mount_action.hpp"
#include "mount_event.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmedia::service
{

/// The life of one medium in one slot: which event leads to which action. No
/// I/O and no clock in here.
///
///   Ready
///     mount, https-----------------------> startingServer
///     mount, smb-------------------------> mountingShare
///     mount, web server------------------> awaitingDevice
///   Activating
///     mountingShare --shareMounted-------> startingServer
///     startingServer --serverReady-------> awaitingDevice
///     awaitingDevice --deviceSize N------> bindingGadget
///     bindingGadget --gadgetBound--------> serving        Completion(0)
///   Active
///     serving --an end-------------------> Deactivating
///   Deactivating: the first of these that there is something for
///     removingGadget
///     closingDevice: disconnect, SIGTERM, SIGKILL; until the process is gone
///                    and the device is empty
///     stoppingServer: SIGTERM, SIGKILL
///     unmountingShare: unmount, detach
///     then secrets are removed-----------> Ready          Completion(n)
///
/// An end of Activating or Active is: unmount, shutdown, the time-out of
/// Activating, a failure, a program's exit, the device's being empty after it
/// had a size; and of Active alone: the host ejected, inactive. The first one
/// is why(); what goes wrong in Deactivating is added to it.
///
/// Answers: Mount and Unmount return true, or an error that says why not;
///   never false, which would not. In Activating and Deactivating both give
///   EBUSY; Mount in Active and Unmount in Ready give EPERM: deployed services
///   answer so, and web servers make ResourceInUse and 403 of it. One
///   difference: Unmount in Activating is accepted and cancels. It is what a
///   web server calls when the browser's tab goes, and EBUSY would leave a
///   medium without a source in the slot until the time-out. Mount gives EBUSY
///   too while the device has a size that is not ours, and EINVAL for a source
///   of the other mode.
/// Completion: once for each that was accepted, whatever comes in between.
///   Cancelled, Mount completes with ECANCELED, before Unmount is answered:
///   the signal does not tell whose it is, so the caller of Unmount, who waits
///   from then on, hears its own only. All others come in Ready, when the slot
///   can be used again, or in Active: 0. An end without a request has no
///   Completion: why() tells it.
/// Errnos: what failed gives its own. ETIMEDOUT: Activating took too long, or
///   nobody used the medium. ECONNREFUSED: a program exited in Activating, as
///   deployed services say. ENOTCONN: the medium went. 0: asked for, by
///   Unmount, shutdown or the host.
/// Bounded: a timer runs in Activating, from Mount on, and in each step of
///   Deactivating. What is still there after its last means is abandoned: who
///   performs actions forgets it, tells no more of it, and leaves it in the
///   journal; the slot becomes Ready, with ETIMEDOUT unless there was an error.
/// Uevents: size 0 before the first size is no removal, and the same size
///   again is nothing: kernels differ in how many they send (F10).
/// nbd-client: 3.27.1 ignores -n: what we started exits with 0 and its child
///   serves (F9); in netlink mode no process does, and the medium ends
///   (F8). So an exit with 0 is not an end: once the device has a size,
///   findClient asks who serves it.
class Mount
{
  public:
    enum class State : uint8_t
    {
        ready,
        activating,
        active,
        deactivating,
    };

    enum class Step : uint8_t
    {
        ready,
        mountingShare,
        startingServer,
        awaitingDevice,
        bindingGadget,
        serving,
        removingGadget,
        closingDevice,
        stoppingServer,
        unmountingShare,
    };

    /// What D-Bus shows.
    struct Properties
    {
        State state = State::ready;
        bool active = false;    ///< the host has the medium
        int exitCode = -1;      ///< nbd-client's; -1 before it exited
        std::string imageUrl{}; ///< "" in Ready
        bool writeProtected = true;
        uint64_t size = 0;      ///< bytes of the device

        bool operator==(const Properties&) const = default;
    };

    /// Why the last medium went, or is going.
    struct End
    {
        int error = 0;
        std::string reason{};
    };

    Mount(Mode mode, std::string device);

    std::vector<Action> on(const Event& event);

    Step step() const;
    Properties properties() const;
    const End& why() const;

  private:
    enum class Share : uint8_t
    {
        none,
        mounting,
        mounted,
        unmounting,
        detaching,
    };

    enum class Client : uint8_t
    {
        none,
        running, ///< our child
        left,    ///< it exited with 0, and the device has no size yet
        sought,  ///< findClient was asked for
        moved,   ///< a process that is not our child
    };

    enum class Gadget : uint8_t
    {
        none,
        making,
        made, ///< or what is left of one that failed
        removing,
    };

    /// How much was done to end what this step of Deactivating is about.
    enum class Means : uint8_t
    {
        gentle,
        term,
        kill,
    };

    State state() const;
    void act(Action::What what, int number = 0);

    void onMount(const Event& event);
    void onUnmount();
    void onShare(const Event& event);
    void onServerReady();
    void onServerGone(const Event& event);
    void onClientExited(const Event& event);
    void onClientMoved();
    void onClientGone(const Event& event);
    void onDeviceSize(uint64_t bytes);
    void onSize();
    void onEmpty();
    void onGadget(const Event& event);
    void onTimeout();
    void onShutdown();
    void cancel();

    void startServer();
    void startClient();
    void dropSecrets();
    void seekClient();
    void removeGadget();
    void serve();
    void end(int error, std::string reason);
    /// The end of a part: an end of all, or what Deactivating waited for.
    void partGone(int error, std::string reason);
    void note(int error, std::string_view what);
    int goneErrno() const;

    void tearDown();
    void enter(Step next);
    void closeDevice();
    void removeShare();
    // The means so far did not help in time.
    void pushClient();
    void pushServer();
    void pushShare();
    void abandonGadget(int error, std::string_view why);
    void abandonShare(int error, std::string_view why);
    void finish();

    Mode mode;
    std::string device;
    Step current = Step::ready;
    Means means = Means::gentle;
    Share share = Share::none;
    bool server = false;
    Client client = Client::none;
    Gadget gadget = Gadget::none;
    bool secrets = false;
    bool deviceOurs = false;   ///< from startClient on, until it is given up
    bool disconnected = false; ///< disconnectDevice was asked for
    bool pending = false;      ///< a Completion is owed
    uint64_t size = 0;
    int exitCode = -1;
    Request request{};
    End ended{};
    std::vector<Action> actions{};
};

/// "awaitingDevice", "activating": for logs and tests.
std::string_view name(Mount::Step step);
std::string_view name(Mount::State state);

} // namespace vmedia::service
