# SPDX-License-Identifier: Apache-2.0
"""vmedia-bench relay as a user runs it. Nothing here judges a figure."""

import json
import os
import signal

import pytest

from fixtures.program import (Program, ours, processes_about, require, run,
                              write_script)

QUICK = ["--runs", "1", "--seconds", "0.02"]
PEERS = ["vmedia-httpd", "websockify", "websocketd", "roofline"]
WORKLOADS = [f"{tls}{way}-{size}-d{depth}" for tls in ("", "tls-")
             for way in ("up", "down") for size in ("64k", "128k", "2m")
             for depth in (1, 16)]
BYTES = {"64k": 65536, "128k": 131088, "2m": 2097152}

pytestmark = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="a relay and its load need a "
    "processor each")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the servers' directories are: empty afterwards."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    assert not list(tmp_path.glob("vm-*"))
    assert not processes_about(tmp_path)


def relay(folder, *arguments):
    """What it printed, and its JSON."""
    path = folder / "report.json"
    ended = run("vmedia-bench", "relay", *QUICK, "--json", path, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended, json.loads(path.read_text())


@pytest.mark.parametrize("peer", PEERS)
def test_every_peer_carries_every_workload(folder, peer):
    if peer.startswith("websock"):
        require(peer, peer)
    ended, report = relay(folder, "--peer", peer)
    rows = {row["workload"]: row for row in report["results"]}
    assert list(rows) == WORKLOADS
    for name, row in rows.items():
        assert row["problem"] == "", name
        assert row["peer"] == peer
        assert row["unit"] == "bytes/s"
        assert row["median"] > 0
        assert row["words_checked"] > 0
        way, size, depth = name.removeprefix("tls-").split("-")
        assert row["direction"] == way
        assert row["message"] == BYTES[size]
        assert row["depth"] == int(depth[1:])
        assert row["tls"] == ("certificate" if name.startswith("tls")
                              else "off")
        assert (row["cipher"] != "") == name.startswith("tls")
        for figure in ("cpu_seconds_per_unit", "load_cpu_seconds_per_unit",
                       "memory_per_session"):
            assert len(row[figure]) == 1, figure
        # A server that has a session has memory for it; bare sockets need not.
        assert row["memory_per_session"][0] > 0 or peer == "roofline"
    assert report["relay_core"] != report["load_core"]
    assert (f"the relay on processor {report['relay_core']}, the load on "
            f"{report['load_core']}, seed 1\n") in ended.stdout
    assert report["window"] == 262144
    assert "window is 256 KiB a direction\n" in ended.stdout


def test_rows_are_compared_with_the_other_and_the_roofline(folder):
    require("websocketd", "websocketd")
    ended, report = relay(folder, "--workload", "up-64k-d16",
                          "--peer", "vmedia-httpd", "--peer", "websocketd",
                          "--peer", "roofline")
    ours, other, bare = report["results"]
    assert (ours["peer"], other["peer"], bare["peer"]) == (
        "vmedia-httpd", "websocketd", "roofline")
    assert ours["versus_best_other"] > 0 and other["versus_best_other"] > 0
    assert ours["of_roofline"] > 0
    assert bare["versus_best_other"] == bare["of_roofline"] == 0
    assert "run 1/1  up-64k-d16    vmedia-httpd  " in ended.stderr
    head = next(line for line in ended.stdout.splitlines()
                if line.startswith("workload"))
    assert head.split("  ")[-1].strip() == "memory"
    assert "load CPU" in head and "server CPU" in head
    assert report["versions"].keys() == {"vmedia-httpd", "websocketd"}


@pytest.fixture
def false_websocketd(tmp_path, monkeypatch):
    """Puts a websocketd on PATH that is started with other arguments."""
    real = require("websocketd", "websocketd")

    def make(script):
        (tmp_path / "bin").mkdir()
        write_script(tmp_path / "bin/websocketd",
                     'if [ "$1" = --version ]; then echo 0.0; exit; fi\n' +
                     script.format(websocketd=real))
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return make


@pytest.mark.parametrize("workload, script, problem", [
    ("down-64k-d1", 'shift; exec {websocketd} "$@"',  # without --binary
     "the relay sent a frame that was not wanted: text, "),
    ("up-64k-d1", 'echo "no such luck" >&2; exit 1',
     "it ended: no such luck (websocketd)"),
    ("up-64k-d1", 'exec {websocketd} --origin=elsewhere "$@"',
     "it answered the upgrade with 'HTTP/1.1 403 "),
])
def test_a_run_with_wrong_content_is_no_result(folder, false_websocketd,
                                               workload, script, problem):
    false_websocketd(script)
    ended = run("vmedia-bench", "relay", *QUICK, "--peer", "websocketd",
                "--workload", workload)
    assert ended.returncode == 3
    assert f"missing: {workload} websocketd: " in ended.stdout
    assert problem in ended.stdout


def test_what_is_not_installed_is_named_with_its_package(folder):
    ended = run("vmedia-bench", "relay", *QUICK, "--peer", "websockify",
                "--workload", "up-64k-d1",
                env=os.environ | {"PATH": "/nowhere"})
    assert ended.returncode == 3
    assert "apt-get install websockify" in ended.stdout


def test_one_processor_is_not_enough():
    ended = run("taskset", "-c", str(min(os.sched_getaffinity(0))),
                ours("vmedia-bench"), "relay")
    assert ended.returncode == 1
    assert ended.stderr == (
        "vmedia-bench: a relay and its load need a processor each, and this "
        "process may use one only; run it on a machine with two, or without "
        "taskset\n")


def test_a_signal_ends_it_and_leaves_nothing(folder):
    with Program("vmedia-bench", "relay", "--seconds", "20", "--peer",
                 "vmedia-httpd", "--workload", "tls-down-64k-d16") as bench:
        bench.wait_for("run 1/5")
        assert bench.stop(signal.SIGINT) == 1
        assert bench.output.endswith("vmedia-bench: stopped by a signal\n")


BAD = [
    (["--peer", "nginx"], "vmedia-bench: there is no peer 'nginx'; choose "
     "from: vmedia-httpd, websockify, websocketd, roofline"),
    (["--workload", "up"], "vmedia-bench: there is no workload 'up'; choose "
     "from: up-64k-d1, up-64k-d16,"),
    (["--json", "/no/such/dir/x"], "vmedia-bench: --json /no/such/dir/x: "
     "cannot be written"),
    (["--runs", "0"], "vmedia-bench: --runs: "),
    (["--seconds", "never"], "vmedia-bench: --seconds: "),
    (["--size", "1G"], "vmedia-bench: "),
]


@pytest.mark.parametrize("arguments, text", BAD,
                         ids=[" ".join(b[0]) for b in BAD])
def test_bad_input_is_one_line_and_status_2(arguments, text):
    ended = run("vmedia-bench", "relay", *arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(text)
    assert ended.stderr.count("\n") == 1
