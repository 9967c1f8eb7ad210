# SPDX-License-Identifier: Apache-2.0
"""What all suites of vmedia-conform share: workers, rounds, what can be done
with a report. nbd-server stands for any suite."""

import json
import os
import pathlib
import re
import shlex
import signal

import jsonschema
import pytest

from conformance.nbd.conform import conform
from fixtures.program import Program, ours, processes_about

REFERENCE = shlex.join([ours("vmedia-nbd-reference"), "-f", "-U", "{socket}"])
GOOD = REFERENCE + " memory 1M"
CASE = "nbd.option.abort.acknowledged"
BROKEN = f"{REFERENCE} --defect {CASE} memory 1M"
# Its server says nothing: the case waits for the whole deadline.
SILENT = "nbd.option.starttls.refused-without-tls"
SCHEMA = json.loads(
    (pathlib.Path(__file__).parent / "report.schema.json").read_text())


def report_of(path):
    """The JSON report at @path, which is as its schema says."""
    report = json.loads(path.read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def ids_and_verdicts(report):
    return [(case["id"], case["verdict"], case["got"], case["reason"])
            for case in report["cases"]]


@pytest.fixture
def folder(tmp_path_factory, monkeypatch):
    """Where a run has its temporary files. In a short place, for sockets."""
    folder = tmp_path_factory.getbasetemp() / "t"
    folder.mkdir(exist_ok=True)
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
    assert processes_about(folder) == {}


@pytest.mark.parametrize("target", [
    ("--spawn", BROKEN), ("--profile", "vmedia-nbd")], ids=["spawn", "profile"])
def test_verdicts_do_not_hang_on_the_number_of_jobs(tmp_path, folder, target):
    reports = []
    printed = []
    for jobs in ("1", "2", "7"):
        path = tmp_path / f"{jobs}.json"
        ended = conform("nbd-server", *target, "--only", "nbd.option",
                        "--only", "nbd.tls", "--only", "nbd.read", "--only",
                        "nbd.write", "--jobs", jobs, "--json", path)
        assert ended.stderr == ""
        reports.append(report_of(path))
        # Each worker's target has a socket of its own.
        printed.append(re.sub(r"\S+/vm-\S+", "SOCKET",
                              ended.stdout.rsplit("  (", 1)[0]))
    assert ids_and_verdicts(reports[0]) == ids_and_verdicts(reports[1])
    assert ids_and_verdicts(reports[0]) == ids_and_verdicts(reports[2])
    assert printed[0] == printed[1] == printed[2]


def test_a_target_that_is_there_gets_one_case_at_a_time(tmp_path):
    with Program("vmedia-nbd-reference", "-f", "-U", tmp_path / "s",
                 "memory", "1M") as server:
        uri = server.wait_for(r"listening on (\S+)")[1]
        refused = conform("nbd-server", uri, "--jobs", "2", "--destructive")
        assert refused.returncode == 2 and refused.stdout == ""
        assert "--jobs 2 with --destructive" in refused.stderr
        assert refused.stderr.count("\n") == 1
        ended = conform("nbd-server", uri, "--jobs", "2", "--only", "nbd.option")
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_target_of_which_one_only_can_run_says_so(tmp_path, folder):
    line = (f"sh -c 'exec 9>{tmp_path}/lock; flock -n 9 || "
            f"{{ echo already running; exit 3; }}; exec {GOOD}' --")
    arguments = ("nbd-server", "--spawn", line, "--only", "nbd.option")
    ended = conform(*arguments, "--jobs", "2")
    assert ended.returncode == 3, ended.stdout
    assert "already running'" in ended.stdout
    assert "if only one of it can run, give --jobs 1 (" in ended.stdout
    assert conform(*arguments, "--jobs", "1").returncode == 0


def test_a_worker_that_dies_is_told_of_and_loses_no_case(tmp_path, folder):
    path = tmp_path / "json"
    only = ("--only", SILENT, "--only", "nbd.greeting")
    with Program("vmedia-conform", "nbd-server", "--json", path, "--jobs", "1",
                 "--spawn", f"{REFERENCE} --defect {SILENT} memory 1M",
                 *only) as conforming:
        # The case before the one that waits for a silent server.
        conforming.wait_for("pass  nbd.greeting.second-connection|"
                            "  4 pass")
        worker, = conforming.children()
        os.kill(worker, signal.SIGKILL)
        assert conforming.wait() == 3
        says = f"a worker ended with signal 9 (Killed) in case {SILENT}"
        assert conforming.output.count(f"vmedia-conform: {says}\n") == 1
    report = report_of(path)
    assert report["error"] == says and report["exit"] == 3
    assert [case["verdict"] for case in report["cases"]] == \
        ["pass"] * 4 + ["not tested"]
    assert report["cases"][-1]["reason"] == says


def test_an_interrupt_ends_all_workers(tmp_path, folder):
    path = tmp_path / "json"
    with Program("vmedia-conform", "nbd-server", "--json", path, "--jobs", "4",
                 "--spawn", GOOD, "--repeat", "100") as conforming:
        conforming.wait_for(r"pass  nbd\.greeting\.magic")
        assert len(conforming.children()) == 4
        conforming.stop(signal.SIGINT)
        assert conforming.process.returncode == 3
    report = report_of(path)
    assert report["error"].startswith("interrupted in round ")
    assert report["cases"][0]["verdict"] == "pass"


def test_rounds_that_agree_give_exit_0(tmp_path, folder):
    path = tmp_path / "json"
    ended = conform("nbd-server", "--spawn", GOOD, "--only", "nbd.option.list",
                    "--repeat", "3", "--seed", "7", "--json", path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "\nseeds   7 to 9, for 3 rounds\n" in ended.stdout
    assert "\nround 3 of 3  seed 9  no verdict differs\n" in ended.stdout
    report = report_of(path)
    assert report["rounds"] == 3
    for case in report["cases"]:
        attempt, = case["attempts"]
        assert attempt["count"] == 3 and attempt["verdict"] == case["verdict"]


def test_rounds_that_differ_are_told_of_and_give_exit_1(tmp_path, folder):
    # The server is started anew for each round, and is good the first time.
    line = (f"sh -c 'if [ -e {tmp_path}/f ]; then exec {BROKEN}; "
            f"else touch {tmp_path}/f; exec {GOOD}; fi' --")
    path = tmp_path / "json"
    ended = conform("nbd-server", "--spawn", line, "--only", CASE,
                    "--only", "nbd.greeting", "--repeat", "3", "--seed", "7",
                    "--jobs", "1", "--json", path)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"\nround 2 of 3  seed 8  1 differs: {CASE}\n" in ended.stdout
    assert f"\n  {CASE}  1 pass, 2 fail\n    fail, seed 8: " in ended.stdout
    report = report_of(path)
    case, = [case for case in report["cases"] if case["id"] == CASE]
    assert case["verdict"] == "fail"
    assert case["repeat"].endswith(f" --only {CASE} --seed 8")
    assert [(one["verdict"], one["count"], one["seed"])
            for one in case["attempts"]] == [("pass", 1, 7), ("fail", 2, 8)]


def test_replay_runs_a_case_as_the_report_says(tmp_path, folder):
    path = tmp_path / "run.json"
    switch = tmp_path / "good"
    line = f"sh -c 'if [ -e {switch} ]; then exec {GOOD}; else exec {BROKEN}; fi'"
    conform("nbd-server", "--spawn", line + " --", "--only", "nbd.option.abort",
            "--seed", "77", "--timeout-scale", "1.5", "--json", path)
    again = conform("replay", path, CASE)
    assert again.returncode == 1, again.stdout + again.stderr
    assert "\nseed    77\n" in again.stdout
    assert "--timeout-scale 1.5 --only" in again.stdout
    assert "\n1 case: 1 fail  (" in again.stdout
    assert again.stdout.splitlines()[-1] == f"replay: fail, as in {path}"
    switch.touch()
    mended = conform("replay", path, CASE)
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert mended.stdout.splitlines()[-1] == \
        f"replay: pass, and no longer fail as in {path}"


def test_replay_expects_what_the_run_did(tmp_path):
    known = tmp_path / "known.toml"
    known.write_text(f'["{CASE}"]\nverdict = "fail"\nwhy = "known"\n')
    path = tmp_path / "run.json"
    conform("nbd-server", "--spawn", BROKEN, "--only", CASE,
            "--expect", known, "--json", path)
    known.unlink()
    assert conform("replay", path, CASE).returncode == 0


@pytest.mark.parametrize("change, case, says", [
    ({}, "nbd.no.such", "has no case 'nbd.no.such'"),
    ({"suite": "nbd-brewer"}, CASE, "is of the suite 'nbd-brewer'"),
    ({"schema": "vmedia-conform/9"}, CASE, "has the schema"),
    ({"repeat": "rm -rf /"}, CASE, '"repeat" is no command line'),
    ({"repeat": "vmedia-conform nbd-server --brew"}, CASE, "--brew"),
    ({"repeat": "vmedia-conform nbd-server"}, CASE, "no target"),
    ({"cases": "nbd.gone"}, "nbd.gone", "has no case 'nbd.gone' any more"),
])
def test_replay_refuses_in_one_line(tmp_path, change, case, says):
    path = tmp_path / "run.json"
    conform("nbd-server", "--spawn", GOOD, "--only", CASE, "--json", path)
    report = report_of(path)
    if "cases" in change:
        report["cases"][0]["id"] = change.pop("cases")
    path.write_text(json.dumps(report | change))
    ended = conform("replay", path, case)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert says in ended.stderr and ended.stderr.count("\n") == 1
    assert ended.stdout == ""


def test_a_baseline_is_what_expect_wants(tmp_path):
    path, known = tmp_path / "run.json", tmp_path / "known.toml"
    run = ("nbd-server", "--spawn", BROKEN, "--only", "nbd.option")
    assert conform(*run, "--json", path).returncode == 1
    baseline = conform("baseline", path)
    assert baseline.returncode == 0 and baseline.stderr == ""
    assert f'\n["{CASE}"]\nverdict = "fail"\nwhy = "' in baseline.stdout
    known.write_text(baseline.stdout)
    ended = conform(*run, "--expect", known)
    assert ended.returncode == 0, ended.stdout
    assert "; unexpected: none\n" in ended.stdout


@pytest.mark.parametrize("command", [
    ["baseline"], ["replay", CASE]], ids=["baseline", "replay"])
@pytest.mark.parametrize("path, says", [
    ("/no/such", "/no/such: cannot read it"), ("/dev/null", "is no JSON")])
def test_what_is_no_report_is_one_line(command, path, says):
    ended = conform(command[0], path, *command[1:])
    assert ended.returncode == 2
    assert says in ended.stderr and ended.stderr.count("\n") == 1


def test_a_level_takes_what_is_as_binding_or_more(tmp_path):
    path = tmp_path / "json"
    for level, levels in (("must", {"must"}), ("should", {"must", "should"})):
        ended = conform("nbd-server", "--spawn", GOOD, "--only", "nbd.option",
                        "--level", level, "--json", path)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert {case["level"] for case in report_of(path)["cases"]} == levels
