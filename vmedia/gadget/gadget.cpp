// SPDX-License-Identifier: Apache-2.0
#include "gadget.hpp"

#include "configfs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace vmedia::gadget
{

namespace
{

constexpr std::string_view prefix = "vmedia-";
constexpr size_t nameMost = 64; // a USB string has 126

bool isNameCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

bool isThere(const std::string& path)
{
    std::error_code error;
    return std::filesystem::is_directory(path, error);
}

/// Takes things away, whatever fails; keeps the first failure.
class Removal
{
  public:
    void take(const Result<void>& step)
    {
        // ENOENT: it went by itself, or another process took it.
        if (!step && first && step.error().errorNumber != ENOENT)
        {
            first = step;
        }
    }

    /// The user's own directories in @p folder, not those of configfs.
    void directoriesIn(const std::string& folder)
    {
        for (const std::string& one : names(folder))
        {
            take(removeDirectory(fmt::format("{}/{}", folder, one)));
        }
    }

    static std::vector<std::string> names(const std::string& folder)
    {
        return namesIn(folder).value_or(std::vector<std::string>{});
    }

    const Result<void>& result() const
    {
        return first;
    }

  private:
    Result<void> first{};
};

} // namespace

Gadget::Gadget(Roots where, std::string_view name) :
    roots(std::move(where)), shortName(name),
    identity(fmt::format("{}{}", prefix, name)),
    directory(fmt::format("{}/{}", roots.gadgets(), identity))
{}

Result<Gadget> Gadget::named(Roots roots, std::string_view name)
{
    if (name.size() > nameMost)
    {
        return fail(Errc::usage,
                    fmt::format("NAME has {} characters, wanted at most {}",
                                name.size(), nameMost));
    }
    if (name.empty() || name[0] == '.' || name[0] == '-' ||
        !std::ranges::all_of(name, isNameCharacter))
    {
        return fail(
            Errc::usage,
            fmt::format("NAME is '{}', wanted letters, digits, . _ -", name));
    }
    return Gadget(std::move(roots), name);
}

std::string Gadget::path(std::string_view below) const
{
    return fmt::format("{}/{}", directory, below);
}

Result<std::vector<std::string>> Gadget::build(const Drive& drive) const
{
    std::vector<std::string> absent;
    Result<void> done{};
    for (const Step& step : stepsFor(drive))
    {
        if (!done)
        {
            return tl::unexpected(done.error());
        }
        switch (step.what)
        {
            case Step::What::makeDirectory:
                done = makeDirectory(path(step.path));
                break;
            case Step::What::write:
                done = writeAttribute(path(step.path), step.text);
                break;
            case Step::What::writeIfThere:
                done = writeAttribute(path(step.path), step.text);
                if (!done && done.error().errorNumber == ENOENT)
                {
                    absent.push_back(step.path);
                    done = {};
                }
                break;
            case Step::What::link:
                done = makeLink(path(step.text), path(step.path));
                break;
        }
    }
    if (!done)
    {
        return tl::unexpected(done.error());
    }
    return absent;
}

Result<Bound> Gadget::start(Drive drive) const
{
    if (drive.inquiry.product.empty())
    {
        drive.inquiry.product = fmt::format("Media {}", shortName);
    }
    if (drive.serialNumber.empty())
    {
        drive.serialNumber = identity;
    }
    if (Result<void> stale = remove(); !stale)
    {
        return during("taking the one before away", stale.error());
    }
    if (Result<void> made = makeDirectory(directory); !made)
    {
        return tl::unexpected(made.error()); // what is there is somebody else's
    }
    Result<std::vector<std::string>> absent = build(drive);
    Result<std::string> controller = absent ? bindToFree(roots, directory)
                                            : tl::unexpected(absent.error());
    if (!controller)
    {
        if (const Result<void> gone = remove(); !gone)
        {
            controller.error().hint = fmt::format(
                "what is left is in the way: {}", describe(gone.error()));
        }
        return tl::unexpected(controller.error());
    }
    return Bound{*controller, *absent};
}

Result<void> Gadget::remove() const
{
    if (!isThere(directory))
    {
        return {};
    }
    Removal removal;
    // Unbinding comes first: the host sees the drive go, and I/O that is under
    // way ends, before its parts are taken apart.
    const Result<std::string> bound = controller();
    if (bound && !bound->empty())
    {
        removal.take(writeAttribute(path("UDC"), ""));
    }
    // The reverse of stepsFor(). What configfs made by itself (lun.0, the
    // attributes) goes with its directory.
    const std::string configs = path("configs");
    for (const std::string& config : Removal::names(configs))
    {
        const std::string folder = fmt::format("{}/{}", configs, config);
        for (const std::string& entry : Removal::names(folder))
        {
            const std::string function = fmt::format("{}/{}", folder, entry);
            std::error_code error;
            if (std::filesystem::is_symlink(function, error))
            {
                removal.take(removeLink(function));
            }
        }
        removal.directoriesIn(fmt::format("{}/strings", folder));
        removal.take(removeDirectory(folder));
    }
    removal.directoriesIn(path("functions"));
    removal.directoriesIn(path("strings"));
    removal.take(removeDirectory(directory));
    // Once it is gone, what was refused on the way does not matter.
    return isThere(directory) ? removal.result() : Result<void>{};
}

Result<bool> Gadget::isEjected() const
{
    const Result<std::string> file =
        readAttribute(path(fmt::format("{}/file", lunFolder)));
    return file.map([](const std::string& medium) { return medium.empty(); });
}

Result<std::string> Gadget::controller() const
{
    return readAttribute(path("UDC"));
}

Result<std::vector<std::string>> listGadgets(const Roots& roots)
{
    Result<std::vector<std::string>> all = namesIn(roots.gadgets());
    if (!all)
    {
        return all;
    }
    std::vector<std::string> ours;
    for (const std::string& gadget : *all)
    {
        if (gadget.starts_with(prefix) && gadget.size() > prefix.size())
        {
            ours.push_back(gadget.substr(prefix.size()));
        }
    }
    return ours;
}

Result<void> needGadgets(const Roots& roots)
{
    if (!isThere(roots.gadgets()))
    {
        return failNumbered(ENOENT, fmt::format("no {}", roots.gadgets()),
                            "modprobe libcomposite, and mount configfs");
    }
    return {};
}

} // namespace vmedia::gadget
