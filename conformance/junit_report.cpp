// SPDX-License-Identifier: Apache-2.0
#include "junit_report.hpp"

#include "conformance/plain_text.hpp"
#include "conformance/story.hpp"

#include <fmt/format.h>

#include <pugixml.hpp>

#include <map>

namespace conformance
{

namespace
{

void set(pugi::xml_node node, const char* name, std::string_view value)
{
    node.append_attribute(name) = plainText(value).c_str();
}

void setSeconds(pugi::xml_node node, double seconds)
{
    set(node, "time", fmt::format("{:.3f}", seconds));
}

void setText(pugi::xml_node node, const std::string& lines)
{
    node.text().set(lines.c_str());
}

/// What a <testsuite> or all of them count.
struct Tally
{
    int tests = 0;
    int failures = 0;
    int errors = 0;
    int skipped = 0;
    double seconds = 0;

    void set(pugi::xml_node node) const
    {
        node.append_attribute("tests") = tests;
        node.append_attribute("failures") = failures;
        node.append_attribute("errors") = errors;
        node.append_attribute("skipped") = skipped;
        setSeconds(node, seconds);
    }

    void add(const Tally& other)
    {
        tests += other.tests;
        failures += other.failures;
        errors += other.errors;
        skipped += other.skipped;
        seconds += other.seconds;
    }
};

void skip(pugi::xml_node test, std::string_view why, Tally& tally)
{
    ++tally.skipped;
    set(test.append_child("skipped"), "message", why);
}

void addCase(pugi::xml_node suite, const Run& run, const Record& record,
             Tally& tally)
{
    ++tally.tests;
    tally.seconds += record.seconds;
    pugi::xml_node test = suite.append_child("testcase");
    set(test, "classname", fmt::format("{}.{}", run.suite, record.area));
    set(test, "name", record.id);
    setSeconds(test, record.seconds);
    const Verdict& verdict = record.verdict;
    switch (run.standing(record))
    {
        case Standing::broken:
        {
            ++tally.failures;
            pugi::xml_node failure = test.append_child("failure");
            set(failure, "message", headline(run, record));
            set(failure, "type", nameOf(verdict.outcome));
            setText(failure, story(run, record));
            break;
        }
        case Standing::skipped:
            skip(test,
                 fmt::format("{}: {}", nameOf(verdict.outcome), verdict.got),
                 tally);
            break;
        case Standing::tolerated:
            if (verdict.outcome == Outcome::fail)
            {
                skip(test,
                     fmt::format("expected to fail: {}", record.expected->why),
                     tally);
            }
            setText(test.append_child("system-out"), story(run, record));
            break;
        case Standing::held:
            if (verdict.outcome == Outcome::info)
            {
                setText(test.append_child("system-out"),
                        plainText(verdict.got));
            }
            break;
    }
}

/// Only the writer of pugixml takes an ostream with an error state.
struct Sink : pugi::xml_writer
{
    explicit Sink(std::ostream& to) : out(to) {}
    void write(const void* data, size_t size) override
    {
        out.write(static_cast<const char*>(data),
                  static_cast<std::streamsize>(size));
    }
    std::ostream& out;
};

} // namespace

void writeJUnit(const Run& run, std::ostream& out)
{
    pugi::xml_document document;
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    set(declaration, "version", "1.0");
    set(declaration, "encoding", "UTF-8");
    pugi::xml_node suites = document.append_child("testsuites");
    set(suites, "name", fmt::format("vmedia-conform {}", run.suite));
    struct Suite
    {
        pugi::xml_node node;
        Tally tally;
    };
    std::map<std::string_view, Suite> areas;
    Tally total;
    if (!run.error.empty())
    {
        const Tally one{.tests = 1, .errors = 1};
        pugi::xml_node suite = suites.append_child("testsuite");
        set(suite, "name", fmt::format("{}.target", run.suite));
        one.set(suite);
        pugi::xml_node test = suite.append_child("testcase");
        set(test, "classname", fmt::format("{}.target", run.suite));
        set(test, "name", "can be tested");
        setSeconds(test, 0);
        set(test.append_child("error"), "message", run.error);
        total.add(one);
    }
    for (const Record& record : run.records)
    {
        Suite& suite = areas[record.area];
        if (!suite.node)
        {
            suite.node = suites.append_child("testsuite");
            set(suite.node, "name",
                fmt::format("{}.{}", run.suite, record.area));
            set(suite.node, "timestamp",
                run.began.substr(0,
                                 run.began.find('Z'))); // its schema has no Z
            pugi::xml_node properties = suite.node.append_child("properties");
            for (const auto& [name, value] :
                 {std::pair<const char*, std::string>{"target", run.target},
                  {"version", run.version},
                  {"commit", run.commit},
                  {"seed", std::to_string(run.seed)}})
            {
                pugi::xml_node property = properties.append_child("property");
                set(property, "name", name);
                set(property, "value", value);
            }
        }
        addCase(suite.node, run, record, suite.tally);
    }
    for (auto& [name, suite] : areas)
    {
        suite.tally.set(suite.node);
        total.add(suite.tally);
    }
    total.set(suites);
    Sink sink(out);
    document.save(sink, "  ", pugi::format_default, pugi::encoding_utf8);
}

} // namespace conformance
