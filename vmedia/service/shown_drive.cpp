// SPDX-License-Identifier: Apache-2.0
#include "shown_drive.hpp"

#include "vmedia/gadget/configfs.hpp"
#include "vmedia/process/background.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <functional>
#include <utility>

namespace vmedia::service
{

namespace asio = boost::asio;
using What = Event::What;

namespace
{

gadget::WantedKind kindOf(MediaType type)
{
    switch (type)
    {
        case MediaType::cdrom:
            return gadget::WantedKind::cdrom;
        case MediaType::disk:
            return gadget::WantedKind::disk;
        case MediaType::automatic:
            break;
    }
    return gadget::WantedKind::automatic;
}

/// Set as long as it is there.
class Mark
{
  public:
    explicit Mark(ShownDrive::Busy b) : busy(std::move(b))
    {
        *busy = true;
    }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark()
    {
        *busy = false;
    }

  private:
    ShownDrive::Busy busy;
};

/// Blocks, as Gadget::start() and kindOfMedium().
Result<gadget::Bound> show(const gadget::Gadget& gadget, gadget::Drive drive,
                           gadget::WantedKind wanted, uint64_t size)
{
    const auto kind = gadget::kindOfMedium(drive.device, wanted, size);
    if (!kind)
    {
        return tl::unexpected(kind.error());
    }
    drive.kind = *kind;
    return gadget.start(std::move(drive));
}

} // namespace

ShownDrive::ShownDrive(asio::any_io_executor e, Listener l, const Config& c,
                       const MountPoint& p, Ledger& j, Busy b) :
    Part(std::move(e), std::move(l)), point(p), ledger(j),
    roots{c.roots.configfs, c.roots.udcClass},
    // A mount point's name is a gadget's: letters, digits and '_'.
    gadget(gadget::Gadget::named(roots, p.name).value()),
    device(devicePath(c, p)), busy(std::move(b))
{}

void ShownDrive::make(uint64_t size, bool readOnly)
{
    if (*busy)
    {
        return tell({.what = What::gadgetFailed,
                     .number = EBUSY,
                     .text = "the one before is not gone yet"});
    }
    ledger.write([this](Belongings& mine) { mine.gadget = gadget.id(); });
    gadget::Drive drive;
    drive.device = device;
    drive.readOnly = readOnly;
    begin(runMake(std::move(drive), size), What::gadgetFailed);
}

asio::awaitable<void> ShownDrive::runMake(gadget::Drive drive, uint64_t size)
{
    const Mark mark(busy);
    std::function<Result<gadget::Bound>()> work =
        [id = gadget, drive = std::move(drive),
         wanted = kindOf(point.mediaType),
         size] { return show(id, drive, wanted, size); };
    const auto bound = co_await process::inBackground(std::move(work));
    if (!bound)
    {
        tell(What::gadgetFailed, bound.error());
        co_return;
    }
    if (isForgotten())
    {
        std::function<Result<void>()> undo = [id = gadget] {
            return id.remove();
        };
        co_await process::inBackground(std::move(undo));
    }
    tell({.what = What::gadgetBound});
}

void ShownDrive::remove()
{
    begin(runRemove(), What::gadgetRemoveFailed);
}

asio::awaitable<void> ShownDrive::runRemove()
{
    const Mark mark(busy);
    std::function<Result<void>()> work = [id = gadget] { return id.remove(); };
    const auto gone = co_await process::inBackground(std::move(work));
    if (!gone)
    {
        tell(What::gadgetRemoveFailed, gone.error());
        co_return;
    }
    if (!isForgotten())
    {
        ledger.write([](Belongings& mine) { mine.gadget.clear(); });
    }
    tell({.what = What::gadgetRemoved});
}

bool ShownDrive::isEjected() const
{
    return gadget.isEjected().value_or(false);
}

std::string ShownDrive::hostStatistics() const
{
    return gadget::readAttribute(fmt::format("{}/{}/{}/stats", roots.gadgets(),
                                             gadget.id(), gadget::lunFolder))
        .value_or("");
}

} // namespace vmedia::service
