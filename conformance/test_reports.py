# SPDX-License-Identifier: Apache-2.0
"""The reports of vmedia-conform, read by the tools that they are for."""

import json
import pathlib
import shlex
import signal
import xml.etree.ElementTree

import jsonschema
import pytest

from conformance.nbd.conform import conform
from fixtures.program import Program, ours, require, run

SPAWN = shlex.join([ours("vmedia-nbd-reference"), "-f", "-U", "{socket}"])
GOOD = SPAWN + " memory 1M"
CASE = "nbd.option.abort.acknowledged"
BROKEN = f"{SPAWN} --defect {CASE} memory 1M"
SCHEMA = json.loads(
    (pathlib.Path(__file__).parent / "report.schema.json").read_text())
KINDS = ("json", "junit", "tap", "markdown", "html")


def test_server(tmp_path, line, *arguments):
    """Exit status and {kind: report} of a run."""
    paths = {kind: tmp_path / kind for kind in KINDS}
    options = [word for kind, path in paths.items()
               for word in (f"--{kind}", path)]
    target = ["--spawn", line] if "{" in line else [line]
    ended = conform("nbd-server", *target, *options, *arguments)
    return ended, {kind: path.read_text() for kind, path in paths.items()}


test_server.__test__ = False


def valid(text):
    """The JSON report, if it is as its schema says."""
    report = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def known(tmp_path, **verdicts):
    """A file for --expect."""
    path = tmp_path / "known.toml"
    path.write_text("".join(
        f'["{case}"]\nverdict = {json.dumps(verdict)}\nwhy = "known"\n'
        for case, verdict in verdicts.items()))
    return path


def test_all_reports_tell_of_the_same_failure(tmp_path):
    ended, reports = test_server(tmp_path, BROKEN, "--only", "nbd.option")
    assert ended.returncode == 1
    report = valid(reports["json"])
    failed = next(c for c in report["cases"] if c["verdict"] == "fail")
    assert failed["id"] == CASE and report["exit"] == 1
    again = shlex.split(failed["repeat"])
    assert conform(*again[1:]).returncode == 1

    suites = xml.etree.ElementTree.fromstring(reports["junit"])
    assert int(suites.get("tests")) == len(report["cases"])
    failures = suites.findall(".//failure/..")
    assert [one.get("name") for one in failures] == [CASE]
    assert failed["got"] in failures[0][0].get("message")
    assert failed["says"] in failures[0][0].text
    assert len(suites.findall(".//skipped")) == \
        report["counts"]["not applicable"]

    assert f"fail <code>{CASE}</code>" in reports["markdown"]
    assert f'id="{CASE}"' in reports["html"]


def test_prove_reads_the_tap_report(tmp_path):
    prove = require("prove", "perl")
    for line, only, status in ((GOOD, "nbd.greeting", 0),
                               (BROKEN, "nbd.option.abort", 1)):
        _, reports = test_server(tmp_path, line, "--only", only)
        count = len(json.loads(reports["json"])["cases"])
        read = run(prove, "--exec", "cat", tmp_path / "tap")
        assert read.returncode == status, read.stdout
        assert f"Tests={count}," in read.stdout
        assert "Parse errors" not in read.stdout


def test_a_target_that_cannot_be_tested_is_reported(tmp_path):
    ended, reports = test_server(
        tmp_path, f"nbd+unix:///?socket={tmp_path}/none")
    assert ended.returncode == 3
    report = valid(reports["json"])
    assert report["exit"] == 3 and f"{tmp_path}/none" in report["error"]
    suites = xml.etree.ElementTree.fromstring(reports["junit"])
    assert suites.get("errors") == "1"
    assert "\nBail out! " in reports["tap"]
    assert "could not be tested" in reports["markdown"]
    assert f"{tmp_path}/none" in reports["html"]


def test_an_interrupted_run_reports_what_has_run(tmp_path):
    silent = "nbd.option.starttls.refused-without-tls"
    path = tmp_path / "json"
    with Program("vmedia-conform", "nbd-server", "--json", path,
                 "--jobs", "1", "--spawn", f"{SPAWN} --defect {silent} memory 1M") as conforming:
        # The case before the one that waits for a silent server.
        conforming.wait_for("pass  nbd.option.peek-export.refused")
        conforming.stop(signal.SIGINT)
    report = valid(path.read_text())
    assert report["cases"][0]["verdict"] == "pass"
    assert report["cases"][-1]["reason"] == "interrupted"


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_that_cannot_be_written_gives_exit_3(tmp_path, kind):
    # The one is refused when it is opened, the other when it is written.
    for path in (tmp_path / "no" / "report", pathlib.Path("/dev/full")):
        ended = conform("nbd-server", "--spawn", GOOD, f"--{kind}", path,
                        "--only", "nbd.greeting")
        assert ended.returncode == 3
        assert ended.stderr.count("\n") == 1
        assert f"--{kind} {path}: cannot write it: " in ended.stderr


def test_two_reports_do_not_share_a_file(tmp_path):
    ended = conform("nbd-server", "--spawn", GOOD, "--json", tmp_path / "x",
                    "--tap", tmp_path / "x")
    assert ended.returncode == 2 and "another report" in ended.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("line, verdicts, status, says", [
    (BROKEN, {CASE: "fail"}, 0, "as expected: 1; unexpected: none"),
    (BROKEN, {CASE: ["warn", "fail"]}, 0, "as expected: 1; unexpected: none"),
    (GOOD, {CASE: "fail"}, 1, f"{CASE}  pass, expected fail (known)"),
    (BROKEN, {}, 1, f"{CASE}  fail, expected pass"),
])
def test_expect_wants_exactly_these_deviations(tmp_path, line, verdicts,
                                               status, says):
    ended, reports = test_server(tmp_path, line, "--only", CASE, "--expect",
                                 known(tmp_path, **verdicts))
    assert ended.returncode == status, ended.stdout
    assert says in ended.stdout
    assert valid(reports["json"])["exit"] == status
    assert ("<failure" in reports["junit"]) == (status == 1)


def test_expect_knows_no_unknown_case(tmp_path):
    path = known(tmp_path, **{"nbd.no.such.case": "fail"})
    report = tmp_path / "report"
    ended = conform("nbd-server", "--spawn", GOOD, "--expect", path,
                    "--json", report)
    assert ended.returncode == 2
    assert f"{path}:1: 'nbd.no.such.case' is no case" in ended.stderr
    assert not report.exists()


def test_diff_and_html_read_reports_back(tmp_path):
    for name, line in (("good", GOOD), ("bad", BROKEN)):
        conform("nbd-server", "--spawn", line, "--only", "nbd.option.abort",
                "--json", tmp_path / f"{name}.json")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    worse = conform("diff", good, bad, "--markdown", tmp_path / "diff.md")
    assert worse.returncode == 1
    assert f"\n  {CASE}  pass -> fail\n" in worse.stdout
    assert "something got worse" in (tmp_path / "diff.md").read_text()
    assert conform("diff", bad, good).returncode == 0
    assert "\n0 worse, 0 fixed," in conform("diff", bad, bad).stdout

    page = tmp_path / "page.html"
    assert conform("html", good, bad, "-o", page).returncode == 0
    text = page.read_text()
    assert "<span>good</span><span>bad</span>" in text
    assert "http://" not in text and "https://" not in text


@pytest.mark.parametrize("arguments, status, says", [
    (["diff", "/dev/null", "/dev/null"], 2, "/dev/null is no JSON"),
    (["diff", "/no/such", "/dev/null"], 2, "/no/such: cannot read it"),
    (["html", "/", "-o", "/dev/null"], 2, "/: cannot read it"),
])
def test_what_is_no_report_is_one_line(arguments, status, says):
    ended = conform(*arguments)
    assert ended.returncode == status
    assert says in ended.stderr and ended.stderr.count("\n") == 1
