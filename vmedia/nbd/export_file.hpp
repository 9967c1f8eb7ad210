// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "vmedia/error/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmedia::nbd
{

/// One export as it was asked for, on the command line or in a file.
struct ExportWish
{
    std::string name{};        ///< see stringTrouble()
    std::string description{}; ///< likewise
    std::string plugin{};      ///< as exports::openExport() has them
    std::vector<std::string> parameters{};
    bool readOnly = false;
    bool tlsOnly = false;
    bool byDefault = false; ///< "" chooses it as well
    /// "exports.toml:5", for what goes wrong later; empty: the command line.
    std::string place{};
};

/// The file of --exports: a TOML document.
///
///   default = "rescue"                # what the empty name chooses
///   [[export]]
///   name = "rescue"
///   serve = ["file", "rescue.iso"]    # the words of the command line
///   description = "boots anything"
///   readonly = true
///   tls-only = false
///
/// Units:  at most 1 MiB and 1000 exports. Paths are relative to where the
///         program was started.
/// Errors: each names the file, the line, the key, its value and the remedy.
/// Source: toml.io, version 1.0.
Result<std::vector<ExportWish>> parseExportFile(std::string_view text,
                                                const std::string& file);

Result<std::vector<ExportWish>> loadExportFile(const std::string& file);

/// "Strings": at most 4096 bytes of UTF-8 without a NUL. Gives what is wrong
/// with @p text, and nothing if it may go over the wire.
std::string stringTrouble(std::string_view text);

} // namespace vmedia::nbd
