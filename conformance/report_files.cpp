// SPDX-License-Identifier: Apache-2.0
#include "report_files.hpp"

#include "conformance/html_report.hpp"
#include "conformance/json_report.hpp"
#include "conformance/junit_report.hpp"
#include "conformance/markdown_report.hpp"
#include "conformance/pcap_report.hpp"
#include "conformance/tap_report.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <set>

namespace conformance
{

std::vector<ReportKind> reportKinds()
{
    return {
        {"--json", "Write a report for programs", writeJson},
        {"--junit", "Write a report for a CI server, in JUnit's XML",
         writeJUnit},
        {"--tap", "Write a report in the Test Anything Protocol", writeTap},
        {"--markdown", "Write a report for a pull request", writeMarkdown},
        {"--html", "Write a page for a browser",
         [](const Run& run, std::ostream& out) { writeHtml({&run, 1}, out); }},
        {"--pcap",
         "Write what went over the wire into this folder, a capture for each "
         "case that Wireshark opens (pcapng; TLS in clear)",
         nullptr,
         {openPcaps, writePcaps}},
    };
}

vmedia::Result<void> openReports(const std::vector<ReportFile>& files)
{
    std::set<std::string> paths;
    for (const ReportFile& file : files)
    {
        // A device or a pipe may well take two.
        if (!paths.insert(file.path).second)
        {
            return vmedia::fail(vmedia::Errc::usage,
                                fmt::format("{} {}: another report goes there",
                                            file.kind.option, file.path),
                                "give each a file of its own");
        }
    }
    for (const ReportFile& file : files)
    {
        auto opened = file.kind.write == nullptr
                          ? file.kind.folder.open(file.path)
                          : writeFile(file.kind.option, file.path,
                                      [](std::ostream&) {});
        if (!opened)
        {
            return opened;
        }
    }
    return {};
}

vmedia::Result<void> writeReports(const std::vector<ReportFile>& files,
                                  const Run& run)
{
    vmedia::Result<void> result;
    for (const ReportFile& file : files)
    {
        auto written = file.kind.write == nullptr
                           ? file.kind.folder.write(run, file.path)
                           : writeFile(file.kind.option, file.path,
                                       [&](std::ostream& out) {
            file.kind.write(run, out);
        });
        if (!written && result)
        {
            result = std::move(written);
        }
    }
    return result;
}

vmedia::Result<void> writeFile(std::string_view option, const std::string& path,
                               const std::function<void(std::ostream&)>& write)
{
    errno = 0;
    std::ofstream out(path, std::ios::binary);
    if (out)
    {
        write(out);
        out.close(); // what was buffered may find the disk full
    }
    if (!out)
    {
        const std::string_view space = option.empty() ? "" : " ";
        return vmedia::failErrno(
            errno, fmt::format("{}{}{}: cannot write it", option, space, path));
    }
    return {};
}

} // namespace conformance
