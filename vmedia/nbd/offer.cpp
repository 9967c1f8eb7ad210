// SPDX-License-Identifier: Apache-2.0
#include "offer.hpp"

#include "export_file.hpp"
#include "vmedia/error/text.hpp"
#include "vmedia/exports/open.hpp"

#include <fmt/format.h>

namespace vmedia::nbd
{

namespace
{

/// What --exports says for each export, and so cannot be said beside it.
Result<void> checkAlone(const ServeOptions& options)
{
    const std::pair<const char*, bool> others[] = {
        {"a plugin", !options.plugin.empty()},
        {"--exportname", !options.exportName.empty()},
        {"--description", !options.description.empty()},
        {"--commit", !options.commit.empty()},
    };
    for (const auto& [what, given] : others)
    {
        if (given)
        {
            return fail(Errc::usage,
                        fmt::format("--exports and {} are both given", what),
                        "leave one of them out");
        }
    }
    return {};
}

Result<std::vector<ExportWish>> wishesOf(const ServeOptions& options)
{
    if (!options.exportFile.empty())
    {
        const Result<void> alone = checkAlone(options);
        return alone ? loadExportFile(options.exportFile)
                     : tl::unexpected(alone.error());
    }
    const std::tuple<const char*, const char*, const std::string&> strings[] = {
        {"the export name", "--exportname", options.exportName},
        {"the description", "--description", options.description},
    };
    for (const auto& [what, option, text] : strings)
    {
        if (const std::string why = stringTrouble(text); !why.empty())
        {
            return fail(Errc::usage, fmt::format("{} {}", what, why),
                        fmt::format("give {} a shorter one, in UTF-8", option));
        }
    }
    ExportWish wish;
    wish.name = options.exportName;
    wish.description = options.description;
    wish.plugin = options.plugin;
    wish.parameters = options.parameters;
    return std::vector{std::move(wish)};
}

Result<exports::ExportPointer> open(const ExportWish& wish, bool readOnly,
                                    const exports::Notice& notice)
{
    Result<exports::ExportPointer> data = exports::openExport(
        wish.plugin, wish.parameters,
        readOnly ? exports::Access::readOnly : exports::Access::readWrite,
        notice);
    if (!data && !wish.place.empty())
    {
        data.error().what = fmt::format("{}: export '{}': {}", wish.place,
                                        printable(wish.name),
                                        data.error().what);
    }
    return data;
}

} // namespace

Result<Offer> openOffer(const ServeOptions& options, tls::Mode mode,
                        const exports::Notice& notice)
{
    const Result<std::vector<ExportWish>> wishes = wishesOf(options);
    if (!wishes)
    {
        return tl::unexpected(wishes.error());
    }
    Offer offer;
    for (const ExportWish& wish : *wishes)
    {
        if (wish.tlsOnly && mode == tls::Mode::off)
        {
            return fail(Errc::usage,
                        fmt::format("{}: export '{}': tls-only = true, but "
                                    "--tls is off",
                                    wish.place, printable(wish.name)),
                        "add --tls=on and --tls-psk FILE, or "
                        "--tls-certificates DIR");
        }
        auto data = open(wish, options.readOnly || wish.readOnly, notice);
        if (!data)
        {
            return tl::unexpected(data.error());
        }
        offer.overlay = dynamic_cast<exports::Overlay*>(data->get());
        offer.catalogue.add(wish.name, std::move(*data));
        ExportInfo& info = offer.catalogue.infos.back();
        info.description = wish.description;
        info.blockSize.maximum = options.requestBytes;
        info.tlsOnly = wish.tlsOnly;
        info.byDefault = wish.byDefault;
    }
    if (!options.commit.empty() && offer.overlay == nullptr)
    {
        return fail(Errc::usage, "--commit is given, but no overlay",
                    "use: --commit FILE overlay file disk.img");
    }
    return offer;
}

} // namespace vmedia::nbd
