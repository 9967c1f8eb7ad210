# SPDX-License-Identifier: Apache-2.0
"""vmedia-bench peers as a user runs it. Nothing here judges a figure."""

import json
import os
import signal

import pytest

from fixtures.program import (Program, processes_about, require, run,
                              write_script)

QUICK = ["--runs", "1", "--seconds", "0.05", "--size", "16M"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the image and the servers' directories are: empty afterwards."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield tmp_path
    assert not list(tmp_path.glob("vmedia-bench-*"))
    assert not processes_about(tmp_path)


def peers(folder, *arguments):
    """What it printed, and its JSON."""
    path = folder / "report.json"
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", folder,
                "--json", path, *arguments)
    assert ended.returncode == 0, ended.stderr
    return ended, json.loads(path.read_text())


def by_row(report):
    return {(r["workload"], r["peer"]): r for r in report["results"]}


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_reads_and_writes_are_measured_and_their_content_is_checked(
        folder, transport):
    require("nbdkit", "nbdkit")
    workloads = ["read-256k", "read-4k-d64", "read-4k-d1", "read-4k-c64",
                 "write-256k", "write-4k-d64"]
    ended, report = peers(
        folder, "--peer", "vmedia-nbd", "--peer", "nbdkit", "--peer",
        "roofline", *(["--tcp"] if transport == "tcp" else []),
        *(f"--workload={name}" for name in workloads))
    rows = by_row(report)
    assert set(rows) == {(w, p) for w in workloads
                         for p in ("vmedia-nbd", "nbdkit", "roofline")}
    for (workload, peer), row in rows.items():
        assert row["problem"] == "", (workload, peer)
        assert row["transport"] == transport
        assert len(row["samples"]) == 1
        assert row["min"] == row["median"] == row["max"] > 0
        assert row["unit"] == ("bytes/s" if "256k" in workload
                               else "requests/s")
        assert (row["words_checked"] > 0) == (peer != "roofline")
        assert (row["versus_best_other"] > 0) == (peer != "roofline")
        assert (row["of_roofline"] > 0) == (peer != "roofline")
        assert len(row["cpu_seconds_per_unit"]) == 1
    assert report["seed"] == 1
    assert set(report["machine"]) == {"cpu", "cores", "kernel", "compiler",
                                      "commit", "load"}
    assert report["versions"]["nbdkit"][0].isdigit()
    assert "run 1/1  read-256k     vmedia-nbd" in ended.stderr
    lines = ended.stdout.splitlines()
    head = next(i for i, line in enumerate(lines)
                if line.startswith("workload"))
    assert lines[head + 1].startswith("read-256k     vmedia-nbd")


@pytest.mark.parametrize("peer, package", [("qemu-nbd", "qemu-utils"),
                                           ("nbd-server", "nbd-server")])
def test_other_peers_serve_what_they_are_given(folder, peer, package):
    require(peer, package)
    _, report = peers(folder, "--peer", peer, "--workload", "read-256k",
                      "--workload", "write-4k-d64",
                      "--workload", "read-4k-c64")
    for row in report["results"]:
        assert row["problem"] == ""
        assert row["words_checked"] > 0
        assert row["cpu_seconds_per_unit"][0] > 0


TLS_PEERS = [("vmedia-nbd", None), ("nbdkit", "nbdkit"),
             ("nbdkit-aes", "nbdkit"), ("qemu-nbd", "qemu-utils"),
             ("roofline", None)]


@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize("peer, package", TLS_PEERS)
def test_with_tls_every_peer_takes_the_key(folder, peer, package, transport):
    if package:
        require(peer.removesuffix("-aes"), package)
    require("nbdcopy", "libnbd-bin")
    workloads = ["read-256k", "write-256k", "read-4k-d64", "read-4k-c64",
                 "nbdcopy-read"]
    ended, report = peers(
        folder, "--tls-psk", "--peer", peer,
        *(["--tcp"] if transport == "tcp" else []),
        *(f"--workload={name}" for name in workloads))
    assert "with TLS (PSK)" in ended.stdout
    assert set(by_row(report)) == {(w, peer) for w in workloads}
    for row in report["results"]:
        ours = row["workload"] != "nbdcopy-read"
        assert row["problem"] == ""
        assert row["tls"] == "psk"
        assert row["cipher"] == ("TLS_AES_128_GCM_SHA256" if ours else "")
        assert (row["words_checked"] > 0) == (ours and peer != "roofline")


def test_an_idle_connection_with_tls_costs_memory(folder):
    _, report = peers(folder, "--tls-psk", "--peer", "vmedia-nbd",
                      "--workload", "memory-c64")
    assert report["results"][0]["median"] > 4096


def test_who_has_no_pre_shared_keys_is_named(folder):
    require("nbd-server", "nbd-server")
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", folder,
                "--tls-psk", "--peer", "nbd-server")
    assert ended.returncode == 3
    assert "skipped: nbd-server has no TLS with a pre-shared key\n" in (
        ended.stdout)


def test_fio_takes_no_key_and_is_named(folder):
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", folder,
                "--tls-psk", "--peer", "vmedia-nbd", "--workload", "fio-4k-d1")
    assert ended.returncode == 3
    assert "skipped: fio-4k-d1: fio takes no key file from a URI\n" in (
        ended.stdout)


def test_what_needs_tls_is_no_peer_without(folder):
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", folder,
                "--peer", "nbdkit-aes", "--workload", "startup")
    assert ended.returncode == 3
    assert "skipped: nbdkit-aes differs from nbdkit with --tls-psk only\n" in (
        ended.stdout)


def test_a_server_without_tls_is_no_result_with(folder, false_nbdkit):
    false_nbdkit('while [ "$1" != -U ]; do shift; done; '
                 'exec {nbdkit} -f -U "$2" memory 16M')
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", folder,
                "--tls-psk", "--peer", "nbdkit", "--workload", "read-256k")
    assert ended.returncode == 3
    assert ("missing: read-256k nbdkit: NBD_OPT_STARTTLS: the server answered "
            "NBD_REP_ERR_POLICY") in ended.stdout


@pytest.fixture
def false_nbdkit(tmp_path, monkeypatch):
    """Puts an nbdkit on PATH that is started with other arguments.

    Its arguments are -f -U SOCKET file IMAGE: $3 and $5.
    """
    real = require("nbdkit", "nbdkit")

    def make(script):
        (tmp_path / "bin").mkdir()
        write_script(tmp_path / "bin/nbdkit",
                     'if [ "$1" = --version ]; then echo 0.0; exit; fi\n' +
                     script.format(nbdkit=real))
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return make


@pytest.mark.parametrize("workload, script, problem", [
    ("read-4k-d64", 'exec {nbdkit} -f -U "$3" memory 16M',
     "wrong content in the"),
    ("write-256k", 'cp "$5" "$5.copy"; exec {nbdkit} -f -U "$3" file '
     '"$5.copy"', "a write was answered, but the file has other content"),
    ("read-256k", 'exec {nbdkit} -f -U "$3" -r memory 17M',
     "the export has 17825792 bytes, the file 16777216"),
    ("write-4k-d64", 'exec {nbdkit} -f -U "$3" -r file "$5"',
     "NBD_CMD_WRITE of 4096 bytes at"),
    ("read-4k-d1", 'echo "no such plugin" >&2; exit 1',
     "it ended: no such plugin (nbdkit)"),
])
def test_a_run_with_wrong_content_is_no_result(folder, false_nbdkit, workload,
                                               script, problem):
    false_nbdkit(script)
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", folder,
                "--peer", "nbdkit", "--workload", workload)
    for copy in folder.glob("*.copy"):
        copy.unlink()
    assert ended.returncode == 3
    assert f"missing: {workload} nbdkit: " in ended.stdout
    assert problem in ended.stdout


def test_startup_and_memory_have_figures_and_no_roofline(folder):
    _, report = peers(folder, "--peer", "vmedia-nbd", "--peer", "roofline",
                      "--workload", "startup", "--workload", "memory",
                      "--workload", "memory-c64")
    rows = by_row(report)
    assert {peer for _, peer in rows} == {"vmedia-nbd"}
    assert 0 < rows["startup", "vmedia-nbd"]["median"] < 10
    assert rows["memory", "vmedia-nbd"]["median"] > 100_000
    assert rows["memory", "vmedia-nbd"]["better"] == "lower"


@pytest.mark.parametrize("workload, program, package", [
    ("nbdcopy-read", "nbdcopy", "libnbd-bin"), ("fio-4k-d64", "fio", "fio")])
def test_packaged_clients_have_rows_of_their_own(folder, workload, program,
                                                 package):
    require(program, package)
    _, report = peers(folder, "--peer", "vmedia-nbd", "--workload", workload)
    row = by_row(report)[workload, "vmedia-nbd"]
    assert row["problem"] == ""
    assert row["median"] > 0
    assert row["cpu_seconds_per_unit"][0] > 0
    assert program in report["versions"]


def test_what_is_not_installed_is_named_with_its_package(folder):
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", folder,
                "--peer", "nbdkit", "--workload", "startup",
                env=os.environ | {"PATH": "/nowhere"})
    assert ended.returncode == 3
    assert "apt-get install nbdkit" in ended.stdout


def test_markdown_is_a_table(folder):
    ended, _ = peers(folder, "--peer", "vmedia-nbd", "--workload", "startup",
                     "--markdown")
    assert "\n| workload | peer       |" in ended.stdout
    assert "\n| -------- | ---------- |" in ended.stdout


def test_a_signal_ends_it_and_leaves_nothing(folder):
    with Program("vmedia-bench", "peers", "--seconds", "20", "--size", "16M",
                 "--directory", folder, "--peer", "vmedia-nbd",
                 "--workload", "read-4k-c64") as bench:
        bench.wait_for("run 1/5")
        assert bench.stop(signal.SIGINT) == 1
        assert bench.output.endswith("vmedia-bench: stopped by a signal\n")


BAD = [
    (["--peer", "nbdkitt"], "vmedia-bench: there is no peer 'nbdkitt'; choose "
     "from: vmedia-nbd, nbdkit, nbdkit-aes, qemu-nbd, nbd-server, roofline"),
    (["--workload", "read"], "vmedia-bench: there is no workload 'read'; "
     "choose from: read-256k, read-4k-d64,"),
    (["--size", "12Q"], "vmedia-bench: '12Q' is not a size"),
    (["--size", "1M"], "vmedia-bench: --size 1M: is less than 16M or no "
     "multiple of 512K; write for example 64M or 1G"),
    (["--json", "/no/such/dir/x"], "vmedia-bench: --json /no/such/dir/x: "
     "cannot be written"),
    (["--runs", "0"], "vmedia-bench: --runs: "),
    (["--seconds", "never"], "vmedia-bench: --seconds: "),
    (["--no-such-option"], "vmedia-bench: "),
]


@pytest.mark.parametrize("arguments, text", BAD,
                         ids=[" ".join(b[0]) for b in BAD])
def test_bad_input_is_one_line_and_status_2(arguments, text):
    ended = run("vmedia-bench", "peers", *arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(text)
    assert ended.stderr.count("\n") == 1


def test_a_directory_that_is_missing_is_named():
    ended = run("vmedia-bench", "peers", *QUICK, "--directory", "/no/such")
    assert ended.returncode == 1
    assert ended.stderr == (
        "vmedia-bench: /no/such: No such file or directory; give "
        "--directory a place that can be written\n")


def test_pure_takes_google_benchmarks_arguments():
    ended = run("vmedia-bench", "pure", "--benchmark_filter=negotiateGo",
                "--benchmark_min_time=0.01")
    assert ended.returncode == 0, ended.stderr
    assert "negotiateGo" in ended.stdout
    assert "decodeAndPlan" not in ended.stdout
    wrong = run("vmedia-bench", "pure", "--nonsense")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
