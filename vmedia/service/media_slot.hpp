// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "activity.hpp"
#include "device_client.hpp"
#include "device_events.hpp"
#include "ledger.hpp"
#include "mount.hpp"
#include "mounted_share.hpp"
#include "secret_file.hpp"
#include "served_image.hpp"
#include "shown_drive.hpp"
#include "slot.hpp"
#include "slot_timer.hpp"

#include <memory>
#include <optional>

namespace vmedia::service
{

/// Tells Mount what happens, and has its parts do what it decides.
class MediaSlot : public Slot
{
  public:
    MediaSlot(boost::asio::any_io_executor executor, const Config& config,
              const MountPoint& point, Journal& journal, DeviceEvents& events,
              Listener& listener);
    MediaSlot(const MediaSlot&) = delete;
    MediaSlot& operator=(const MediaSlot&) = delete;
    ~MediaSlot() override;

    const MountPoint& mountPoint() const override;
    View view() const override;
    int mount(Wish wish) override;
    int unmount() override;
    void shutdown() override;

  private:
    int ask(const Event& event);
    void handle(const Event& event);
    void perform(const Action& action);
    bool performShare(Action::What what);
    bool performServer(Action::What what);
    bool performClient(Action::What what);
    bool performGadget(Action::What what);
    void arm(std::chrono::seconds delay);
    void beginServing();
    void tick();
    Usage usage() const;
    void finish();
    Part::Listener toMachine();

    const boost::asio::any_io_executor executor;
    const Config& config;
    const MountPoint& point;
    DeviceEvents& events;
    Listener& listener;

    /// What its parts use, also those that it has forgotten.
    struct Shared
    {
        Ledger ledger;
        NbdDevice device;
        SecretFile secret;

        Shared(const Config& config, const MountPoint& point, Journal& journal);
    };
    const std::shared_ptr<Shared> shared;
    Ledger& ledger;
    const NbdDevice& device;
    SecretFile& secret;
    Mount machine;
    SlotTimer timer;
    SlotTimer seconds;
    std::chrono::steady_clock::time_point nextSecond{};
    Activity activity{};

    // The medium that is wished for.
    remote::ImageUrl url{};
    bool readOnly = true;
    CredentialPipe credentials{};
    int refusal = 0;
    // Its parts. One that Mount abandons is forgotten; others go with it.
    std::shared_ptr<MountedShare> share{};
    std::shared_ptr<ServedImage> server{};
    std::shared_ptr<DeviceClient> client{};
    std::shared_ptr<ShownDrive> drive{};
    bool isClientAbandoned = false;
    ShownDrive::Busy driveBusy = std::make_shared<bool>(false);
};

} // namespace vmedia::service
