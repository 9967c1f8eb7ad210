// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "conformance/record.hpp"
#include "vmedia/error/error.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace conformance
{

using ReportWriter = void (*)(const Run& run, std::ostream& out);

/// Of a report that is a folder.
struct FolderWriter
{
    vmedia::Result<void> (*open)(const std::string& folder) = nullptr;
    vmedia::Result<void> (*write)(const Run& run,
                                  const std::string& folder) = nullptr;
};

/// One kind of report: the option that asks for it, and who writes it.
struct ReportKind
{
    const char* option; ///< "--json"
    const char* help;
    ReportWriter write; ///< null if it is a folder
    FolderWriter folder{};
};

/// All kinds.
std::vector<ReportKind> reportKinds();

/// A report that was asked for.
struct ReportFile
{
    ReportKind kind;
    std::string path;
};

/// Opens each file and makes each folder, so that a path that cannot be written
/// is found before a run and not after it. What a file held is gone then.
///
/// Errors: Errc::io, and Errc::usage if two are to be the same file.
vmedia::Result<void> openReports(const std::vector<ReportFile>& files);

/// Writes them all. Gives the first failure, after the others are written.
vmedia::Result<void> writeReports(const std::vector<ReportFile>& files,
                                  const Run& run);

/// Writes one file by @p write; an error names @p path and has @p option, if
/// any, before it.
vmedia::Result<void> writeFile(std::string_view option, const std::string& path,
                               const std::function<void(std::ostream&)>& write);

} // namespace conformance
