// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"
#include "report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bench
{
namespace
{
using testing::HasSubstr;
using testing::Not;

Report reportOf(std::string_view workload)
{
    Report report{.machine = {"A CPU", 2, "6.1", "g++ 12", "8e842df", 0},
                  .setting = "unix sockets",
                  .seed = 7,
                  .seconds = 1,
                  .runs = 3,
                  .versions = {{"nbdkit", "1.32.5"}},
                  .skipped = {},
                  .rows = {}};
    for (const std::string_view peer : {ours, std::string_view("nbdkit"),
                                        std::string_view("qemu-nbd"), roofline})
    {
        report.rows.push_back({findWorkload(workload)->name,
                               findWorkload(workload)->measure, peer,
                               peer != roofline});
    }
    return report;
}

TEST(Report, comparesWithTheBestOtherAndNeverWithTheRoofline)
{
    Report report = reportOf("read-4k-d64");
    report.rows[0].samples = {300e3};
    report.rows[1].samples = {100e3};
    report.rows[2].samples = {200e3};
    report.rows[3].samples = {1200e3};
    EXPECT_DOUBLE_EQ(versusBestOther(report, report.rows[0]), 1.5);
    EXPECT_DOUBLE_EQ(versusBestOther(report, report.rows[2]), 200.0 / 300);
    EXPECT_EQ(versusBestOther(report, report.rows[3]), 0);
    EXPECT_DOUBLE_EQ(ofRoofline(report, report.rows[0]), 0.25);
    EXPECT_EQ(ofRoofline(report, report.rows[3]), 0);
}

TEST(Report, aShorterStartupIsTheBetterOne)
{
    Report report = reportOf("startup");
    report.rows[0].samples = {0.005};
    report.rows[1].samples = {0.010};
    report.rows[2].samples = {0.050};
    EXPECT_DOUBLE_EQ(versusBestOther(report, report.rows[0]), 2);
    EXPECT_DOUBLE_EQ(versusBestOther(report, report.rows[1]), 0.5);
}

TEST(Report, aPeerAloneIsComparedWithNobody)
{
    Report report = reportOf("read-256k");
    report.rows[0].samples = {3e9};
    EXPECT_EQ(versusBestOther(report, report.rows[0]), 0);
    EXPECT_EQ(ofRoofline(report, report.rows[0]), 0);
    EXPECT_TRUE(report.measured());
}

TEST(Report, textHasFactsFiguresNoiseAndWhatIsMissing)
{
    Report report = reportOf("read-256k");
    report.rows[0].samples = {3.0e9, 3.4e9, 3.1e9};
    report.rows[0].cpuSeconds = {0.25e-9};
    report.rows[1].samples = {1.0e9, 2.0e9, 1.5e9};
    report.rows[2].problem = "wrong content in the 16 bytes at offset 8";
    const std::string text = textOf(report, false);
    EXPECT_THAT(text, HasSubstr("A CPU, 2 cores, Linux 6.1"));
    EXPECT_THAT(text, HasSubstr("commit 8e842df"));
    EXPECT_THAT(text, HasSubstr("seed 7"));
    EXPECT_THAT(text, HasSubstr("3.10 GB/s  3.00-3.40     13%"));
    EXPECT_THAT(text, HasSubstr("2.07x"));
    EXPECT_THAT(text, HasSubstr("0.250 s/GB"));
    EXPECT_THAT(text, HasSubstr("67%!"));
    EXPECT_THAT(text, HasSubstr("noise:   1 of 4 rows"));
    EXPECT_THAT(text, HasSubstr("missing: read-256k qemu-nbd: wrong content"));
}

TEST(Report, quietRunsHaveNoNoiseNote)
{
    Report report = reportOf("read-256k");
    report.rows[0].samples = {3.0e9, 3.1e9};
    EXPECT_THAT(textOf(report, false), Not(HasSubstr("noise")));
    EXPECT_THAT(textOf(report, true), HasSubstr("| read-256k | vmedia-nbd |"));
}

TEST(Report, aColumnIsThereIfARowHasSomethingForIt)
{
    Report report = reportOf("read-256k");
    report.rows[0].samples = {3.0e9};
    EXPECT_THAT(textOf(report, false), Not(HasSubstr("load CPU")));
    EXPECT_THAT(textOf(report, false), Not(HasSubstr("memory")));
    report.rows[0].loadCpuSeconds = {0.5e-9};
    report.rows[0].memory = {131072};
    report.foot = {"memory: of a session"};
    const std::string text = textOf(report, false);
    EXPECT_THAT(text, HasSubstr("server CPU    load CPU   memory\n"));
    EXPECT_THAT(text, HasSubstr("0.500 s/GB  128 KiB\n"));
    EXPECT_THAT(text, HasSubstr("\nmemory: of a session\n"));
}

TEST(Report, withoutASampleNothingWasMeasured)
{
    EXPECT_FALSE(reportOf("read-256k").measured());
}

} // namespace
} // namespace bench
