// SPDX-License-Identifier: Apache-2.0
#include "pcap_report.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/report_files.hpp"
#include "conformance/wire/pcap.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace conformance
{

namespace
{

constexpr std::string_view option = "--pcap";

// What Wireshark takes for NBD, and for HTTP in clear: TLS is not in a capture.
constexpr uint16_t nbdPort = 10809;
constexpr uint16_t httpPort = 80;

PcapTitle titleOf(const Run& run, const Record& record)
{
    return {plainText(fmt::format(
                "{}: {}{}{}; {} against {}; vmedia-conform {} {}; again: {}",
                record.id, nameOf(record.verdict.outcome),
                record.verdict.got.empty() ? "" : ", ", record.verdict.got,
                run.suite, run.target, run.version, run.commit,
                run.repeatOf(record))),
            fmt::format("vmedia-conform {} {}", run.version, run.commit),
            run.suite.starts_with("ws") ? httpPort : nbdPort,
            run.suite.ends_with("client")};
}

} // namespace

vmedia::Result<void> openPcaps(const std::string& folder)
{
    struct stat there{};
    if (::mkdir(folder.c_str(), 0777) != 0 &&
        (errno != EEXIST || ::stat(folder.c_str(), &there) != 0))
    {
        return vmedia::failErrno(
            errno, fmt::format("{} {}: cannot make it", option, folder));
    }
    if (there.st_mode != 0 && !S_ISDIR(there.st_mode))
    {
        return vmedia::failErrno(
            ENOTDIR,
            fmt::format("{} {}: cannot write into it", option, folder));
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
    {
        return vmedia::failErrno(
            errno, fmt::format("{} {}: cannot write into it", option, folder));
    }
    return {};
}

vmedia::Result<void> writePcaps(const Run& run, const std::string& folder)
{
    for (const Record& record : run.records)
    {
        if (record.wire.entries.empty())
        {
            continue;
        }
        const PcapTitle title = titleOf(run, record);
        if (auto written = writeFile(
                option, fmt::format("{}/{}.pcapng", folder, record.id),
                [&](std::ostream& out) { writePcap(record.wire, title, out); });
            !written)
        {
            return written; // the next would meet the same
        }
    }
    return {};
}

} // namespace conformance
