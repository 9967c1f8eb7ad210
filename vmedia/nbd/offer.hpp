// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "command.hpp"
#include "session.hpp"
#include "vmedia/exports/forward.hpp"
#include "vmedia/exports/overlay.hpp"

namespace vmedia::nbd
{

/// What a server is to serve, opened.
struct Offer
{
    Catalogue catalogue{};
    exports::Overlay* overlay = nullptr; ///< what --commit is about
};

/// Opens the one export of the command line, or all of the file of --exports.
/// Their notices come from any thread, as long as they live.
///
/// Errors: the options contradict each other, and those of openExport() and
///         loadExportFile().
Result<Offer> openOffer(const ServeOptions& options, tls::Mode mode,
                        const exports::Notice& notice);

} // namespace vmedia::nbd
