// SPDX-License-Identifier: Apache-2.0
#include "html_report.hpp"

#include "conformance/html_logs.hpp"
#include "conformance/html_page.hpp"
#include "conformance/plain_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

namespace conformance
{

namespace
{

constexpr Outcome outcomes[] = {Outcome::fail,          Outcome::warn,
                                Outcome::pass,          Outcome::info,
                                Outcome::notApplicable, Outcome::notTested};

/// A case, and what each run has of it: null where it did not run.
struct Row
{
    const Record* any;
    std::vector<const Record*> seen;
};

/// All cases of all runs: in the first run's order, then what only a later
/// one has.
std::vector<Row> rowsOf(std::span<const Run> runs)
{
    std::vector<Row> rows;
    std::map<std::string_view, size_t> places;
    for (size_t i = 0; i < runs.size(); ++i)
    {
        for (const Record& record : runs[i].records)
        {
            const auto [place, isNew] = places.try_emplace(record.id,
                                                           rows.size());
            if (isNew)
            {
                rows.push_back({&record, std::vector<const Record*>(runs.size(),
                                                                    nullptr)});
            }
            rows[place->second].seen[i] = &record;
        }
    }
    return rows;
}

std::string_view styleOf(Outcome outcome)
{
    return outcome == Outcome::notApplicable || outcome == Outcome::notTested
               ? "none"
               : nameOf(outcome);
}

std::string_view meaningOf(const Run& run)
{
    switch (run.exitCode())
    {
        case exitConforms:
            return run.expect.empty() ? "conforms" : "deviates as expected";
        case exitViolates:
            return run.expect.empty() ? "does not conform"
                                      : "deviates otherwise than expected";
        default:
            return "could not be tested";
    }
}

std::string columnName(const Run& run)
{
    return htmlText(run.name.empty() ? run.suite : run.name);
}

class Page
{
  public:
    Page(std::span<const Run> of, std::ostream& to) :
        runs(of), rows(rowsOf(of)), logs(of), out(to)
    {}

    void write()
    {
        // No address is allowed: the page loads nothing, whatever is in it.
        out << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
               "<meta charset=\"utf-8\">\n"
               "<meta http-equiv=\"Content-Security-Policy\" "
               "content=\"default-src 'none'; style-src 'unsafe-inline'; "
               "script-src 'unsafe-inline'\">\n"
               "<meta name=\"viewport\" "
               "content=\"width=device-width, initial-scale=1\">\n"
            << fmt::format("<title>vmedia-conform {}</title>\n", title())
            << "<style>" << pageStyle << "</style>\n</head>\n"
            << fmt::format("<body{} style=\"--runs: {}\">\n",
                           runs.size() > 1 ? " class=\"many\"" : "",
                           runs.size())
            << fmt::format("<h1>vmedia-conform {}</h1>\n", title());
        writeRuns();
        writeBar();
        writeCases();
        out << "<p id=\"nothing\" hidden>No case is like that.</p>\n";
        logs.write(out);
        out << "<script>" << pageScript << "</script>\n</body>\n</html>\n";
    }

  private:
    std::string title() const
    {
        return runs.empty() ? std::string() : htmlText(runs[0].suite);
    }

    void writeRuns()
    {
        out << "<div class=\"runs\">\n";
        for (const Run& run : runs)
        {
            out << fmt::format("<div class=\"run\"><h3>{}: {}</h3>\n",
                               columnName(run), meaningOf(run))
                << fmt::format("<p>{}: {}</p>\n", casesText(run.records.size()),
                               describe(run.counts()));
            if (!run.error.empty())
            {
                out << fmt::format("<p class=\"error\">{}</p>\n",
                                   htmlText(run.error));
            }
            out << fmt::format("<p><code>{}</code></p>\n",
                               htmlText(run.target));
            if (!run.found.empty())
            {
                out << fmt::format("<p>{}</p>\n", htmlText(run.found));
            }
            out << fmt::format(
                "<p>{}, {:.1f} s, seed {}{}, version {} {}</p>\n",
                htmlText(run.began), run.seconds, run.seed,
                run.rounds > 1 ? fmt::format(", {} rounds", run.rounds) : "",
                htmlText(run.version), htmlText(run.commit));
            if (!run.expect.empty())
            {
                out << fmt::format("<p>expected: {}</p>\n",
                                   htmlText(run.expect));
            }
            out << "</div>\n";
        }
        out << "</div>\n";
    }

    void writeSelect(const char* id, const char* all,
                     const std::vector<std::string>& values)
    {
        out << fmt::format("<select id=\"{0}\" aria-label=\"{0}\">"
                           "<option value=\"\">{1}</option>",
                           id, all);
        for (const std::string& value : values)
        {
            out << fmt::format("<option>{}</option>", htmlText(value));
        }
        out << "</select>\n";
    }

    void writeBar()
    {
        std::vector<std::string> levels;
        for (const Level level :
             {Level::must, Level::should, Level::may, Level::robustness})
        {
            levels.emplace_back(nameOf(level));
        }
        std::vector<std::string> verdicts;
        for (const Outcome outcome : outcomes)
        {
            verdicts.emplace_back(nameOf(outcome));
        }
        std::vector<std::string> areas;
        for (const Row& row : rows)
        {
            if (std::ranges::find(areas, row.any->area) == areas.end())
            {
                areas.emplace_back(row.any->area);
            }
        }
        out << "<div class=\"bar\">\n"
               "<input id=\"search\" type=\"search\" "
               "placeholder=\"Search ids, sentences, answers\" "
               "aria-label=\"search\">\n";
        writeSelect("verdict", "all verdicts", verdicts);
        writeSelect("level", "all levels", levels);
        writeSelect("area", "all areas", areas);
        if (runs.size() > 1)
        {
            out << "<label><input id=\"differs\" type=\"checkbox\"> "
                   "only differences</label>\n";
        }
        out << fmt::format("<span id=\"shown\">{} cases</span>\n</div>\n",
                           rows.size());
    }

    void writeCases()
    {
        // By area, for a later run may add a case to an earlier one's area.
        std::vector<std::string_view> areas;
        std::map<std::string_view, std::vector<const Row*>> byArea;
        for (const Row& row : rows)
        {
            auto& list = byArea[row.any->area];
            if (list.empty())
            {
                areas.push_back(row.any->area);
            }
            list.push_back(&row);
        }
        for (const std::string_view area : areas)
        {
            out << fmt::format("<section>\n<h2>{}</h2>\n<div class=\"area\">\n"
                               "<div class=\"head\"><span>case</span>"
                               "<span>level</span>",
                               htmlText(area));
            for (const Run& run : runs)
            {
                out << fmt::format("<span>{}</span>", runs.size() > 1
                                                          ? columnName(run)
                                                          : "verdict");
            }
            out << "</div>\n";
            for (const Row* row : byArea[area])
            {
                writeCase(*row);
            }
            out << "</div>\n</section>\n";
        }
    }

    void writeVerdict(const Run& run, const Record* record)
    {
        const std::string name =
            runs.size() > 1 ? fmt::format(" data-run=\"{}\"", columnName(run))
                            : std::string();
        if (record == nullptr)
        {
            out << fmt::format("<span class=\"v none\"{}>did not run</span>",
                               name);
            return;
        }
        const bool odd = run.unexpected(*record);
        out << fmt::format("<span class=\"v {}{}\"{}{}>{}</span>",
                           styleOf(record->verdict.outcome), odd ? " odd" : "",
                           odd ? " title=\"not expected\"" : "", name,
                           nameOf(record->verdict.outcome));
    }

    void writeCase(const Row& row)
    {
        std::set<std::string_view> verdicts;
        for (const Record* record : row.seen)
        {
            verdicts.insert(record == nullptr
                                ? "did not run"
                                : nameOf(record->verdict.outcome));
        }
        const Record& any = *row.any;
        out << fmt::format(
            "<details class=\"case\" id=\"{}\" data-area=\"{}\" "
            "data-level=\"{}\" data-verdicts=\"{}\" data-differs=\"{}\">\n"
            "<summary><code>{}</code><span class=\"level\">{}</span>",
            htmlText(any.id), htmlText(any.area), nameOf(any.level),
            fmt::join(verdicts, ","), verdicts.size() > 1 ? 1 : 0,
            htmlText(any.id), nameOf(any.level));
        for (size_t i = 0; i < runs.size(); ++i)
        {
            writeVerdict(runs[i], row.seen[i]);
        }
        out << fmt::format("</summary>\n<div class=\"body\">\n"
                           "<blockquote>{}<cite>{}{}</cite></blockquote>\n",
                           htmlText(any.says), htmlText(any.spec),
                           any.level == Level::robustness
                               ? " (only its context: the suite itself wants "
                                 "that)"
                               : "");
        for (size_t i = 0; i < runs.size(); ++i)
        {
            if (row.seen[i] != nullptr)
            {
                writeSeen(runs[i], *row.seen[i]);
            }
        }
        out << "</div>\n</details>\n";
    }

    void writeSeen(const Run& run, const Record& record)
    {
        out << "<div class=\"seen\">";
        if (runs.size() > 1)
        {
            out << fmt::format("<strong>{}</strong> ", columnName(run));
        }
        out << fmt::format("<span class=\"v {}\">{}</span>",
                           styleOf(record.verdict.outcome),
                           nameOf(record.verdict.outcome))
            << fmt::format(" <span class=\"level\">{:.3f} s</span>\n<dl>\n",
                           record.seconds);
        const auto term = [this](std::string_view name, std::string_view text) {
            if (!text.empty())
            {
                out << fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, text);
            }
        };
        if (!run.expect.empty())
        {
            term("expected", record.expected
                                 ? htmlText(fmt::format(
                                       "{}: {}", describe(*record.expected),
                                       record.expected->why))
                                 : "pass");
        }
        term("sent", htmlText(record.sends));
        term("wanted", htmlText(record.wanted()));
        term("got", htmlText(record.verdict.got));
        if (record.attempts.size() > 1)
        {
            term("rounds", describe(record.attempts));
        }
        term("repeat",
             fmt::format("<code>{}</code>", htmlText(run.repeatOf(record))));
        out << "</dl>\n";
        if (logs.leftOut(record))
        {
            out << "<p class=\"left\">Its wire log was left out, so that the "
                   "page stays small: it did not fail. The reports of --json "
                   "and --pcap have it.</p>\n";
        }
        else if (const std::string log = logs.idOf(record); !log.empty())
        {
            out << fmt::format("<div class=\"log\" data-log=\"{}\"></div>\n",
                               log);
        }
        out << "</div>\n";
    }

    std::span<const Run> runs;
    std::vector<Row> rows;
    HtmlLogs logs;
    std::ostream& out;
};

} // namespace

void writeHtml(std::span<const Run> runs, std::ostream& out)
{
    Page(runs, out).write();
}

} // namespace conformance
