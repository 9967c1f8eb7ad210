// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>

namespace sim
{
namespace json = boost::json;
using vmedia::Result;

namespace
{

json::value orNull(const std::string& text)
{
    return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value failureOf(const BootReport& report, const Run& run)
{
    if (report.failure.empty())
    {
        return nullptr;
    }
    json::object failure{{"what", report.failure}};
    failure["stage"] =
        run.failedStage()
            ? json::value(std::string(info(*run.failedStage()).id))
            : json::value(nullptr);
    json::array lines;
    if (run.failedLog())
    {
        failure["log"] = run.failedLog()->name();
        for (const std::string& line : run.failedLog()->tail())
        {
            lines.emplace_back(line);
        }
    }
    failure["last_lines"] = std::move(lines);
    return failure;
}

} // namespace

Result<void> writeJson(const std::filesystem::path& file,
                       const BootReport& report, const Run& run,
                       std::chrono::milliseconds total)
{
    json::array stages;
    for (const Timeline::Mark& mark : run.timeline().all())
    {
        stages.push_back(json::object{{"id", std::string(info(mark.stage).id)},
                                      {"ms", mark.at.count()},
                                      {"evidence", mark.evidence}});
    }
    const json::object root{
        {"schema", 1},
        {"ok", report.failure.empty()},
        {"total_ms", total.count()},
        {"accel", orNull(report.accel)},
        {"accel_why", orNull(report.accelWhy)},
        {"versions", json::object{{"qemu", orNull(report.qemu)},
                                  {"kernel", orNull(report.kernel)}}},
        {"image", json::object{{"path", orNull(report.image.string())},
                               {"size", report.imageSize}}},
        {"stages", std::move(stages)},
        {"medium", json::object{{"bytes", report.hostBytes},
                                {"sha256_file", orNull(report.fileHash)},
                                {"sha256_host", orNull(report.hostHash)}}},
        {"push", orNull(report.served)},
        {"failure", failureOf(report, run)}};
    const std::string part = file.string() + ".part";
    std::ofstream out(part);
    out << json::serialize(root) << "\n";
    out.close();
    std::error_code error;
    if (out)
    {
        std::filesystem::rename(part, file, error);
    }
    if (!out || error)
    {
        return vmedia::failErrno(error ? error.value() : errno,
                                 "--json " + file.string());
    }
    return {};
}

void tellFailure(std::ostream& err, const std::string& failure,
                 const LogPtr& log, const std::filesystem::path& logs)
{
    err << "vmedia-sim: " << failure << std::endl;
    if (!log)
    {
        return;
    }
    const std::vector<std::string> lines = log->tail();
    err << fmt::format("{} of {}{}\n",
                       lines.empty() ? "Nothing came" : "The last lines",
                       log->name(),
                       logs.empty() ? " (--logs DIR keeps them all):"
                                    : ": " + log->path().string());
    for (const std::string& line : lines)
    {
        err << "  | " << line << "\n";
    }
    err.flush();
}

} // namespace sim
