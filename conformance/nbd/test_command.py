# SPDX-License-Identifier: Apache-2.0
"""vmedia-conform as a user meets it: what it says, how it exits."""

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import threading

import pytest

from conformance.nbd.conform import conform
from fixtures.program import Program, ours, require

SPAWN = shlex.join([ours("vmedia-nbd-reference"), "-f", "-U", "{socket}"])
GOOD = SPAWN + " memory 1M"


def broken(case):
    return f"{SPAWN} --defect {case} memory 1M"


def one_line(ended):
    """What went to stderr: one line that begins with the program's name."""
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("vmedia-conform: ")
    return lines[0]


def test_a_conforming_server_gives_exit_0_and_a_table():
    ended = conform("nbd-server", "--spawn", GOOD, "--only", "nbd.greeting")
    assert ended.returncode == 0, ended.stderr
    assert "\n  pass  nbd.greeting.magic\n" in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("4 cases: 4 pass  (")
    assert "\x1b" not in ended.stdout


def test_a_missed_must_gives_exit_1_and_a_line_that_repeats_it(tmp_path):
    case = "nbd.option.abort.acknowledged"
    with Program("vmedia-nbd-reference", "-f", "-U", tmp_path / "s",
                 "--defect", case, "memory", "1M") as server:
        uri = server.wait_for(r"listening on (\S+)")[1]
        ended = conform("nbd-server", uri, "--only", case, "--seed", "77")
        assert ended.returncode == 1, ended.stderr
        repeat = next(line for line in ended.stdout.splitlines()
                      if line.startswith("  repeat"))
        again = shlex.split(repeat)[1:]
        assert again[0] == "vmedia-conform"
        assert conform(*again[1:]).stdout.split("(0.")[0] == \
            ended.stdout.split("(0.")[0]


def test_a_missed_should_gives_exit_1_only_with_strict():
    command = ("nbd-server", "--spawn", broken("nbd.option.abort.data-ignored"),
               "--only", "nbd.option.abort.data-ignored")
    lenient = conform(*command)
    assert lenient.returncode == 0
    assert "WARN  nbd.option.abort.data-ignored" in lenient.stdout
    assert conform(*command, "--strict").returncode == 1


def test_a_server_on_tcp_is_tested_over_a_free_port():
    line = shlex.join([ours("vmedia-nbd-reference"), "-f", "-p", "{port}",
                       "memory", "1M"])
    ended = conform("nbd-server", "--spawn", line, "--only", "nbd.option")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("options, verdict, status", [
    ([], "not tested", 0),
    (["--destructive"], "pass", 0),
])
def test_a_target_that_is_not_ours_is_written_to_only_if_told(
        options, verdict, status, tmp_path):
    disk = tmp_path / "disk"
    content = os.urandom(1 << 20)
    disk.write_bytes(content)
    report = tmp_path / "report.json"
    with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", "file",
                 disk) as server:
        uri = server.wait_for(r"listening on (\S+)")[1]
        ended = conform("nbd-server", uri, "--only", "nbd.write.read-back",
                        "--only", "nbd.greeting", "--json", report, *options)
    assert ended.returncode == status, ended.stdout + ended.stderr
    case, = [case for case in json.loads(report.read_text())["cases"]
             if case["id"] == "nbd.write.read-back"]
    assert case["verdict"] == verdict
    if not options:
        assert case["reason"] == "would write; give --destructive"
        assert "Not tested: would write; give --destructive (1 case)" in ended.stdout
        assert "exit 0: conforms in what was tested" in ended.stdout
    assert disk.read_bytes() == content  # put back, if it was written to


def test_a_named_export_is_found_in_the_list_or_given():
    line = SPAWN + " -e 'a disk' memory 1M"
    for options in ((), ("--export", "a disk")):
        ended = conform("nbd-server", "--spawn", line, "--only", "nbd.option",
                        *options)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "export 'a disk' (1048576 bytes)" in ended.stdout


def test_a_target_that_dies_is_blamed_on_the_case_and_started_again():
    ended = conform("nbd-server", "--spawn",
                    broken("nbd.option.length.survives-huge"),
                    "--only", "nbd.option.length", "--only", "nbd.option.list")
    assert ended.returncode == 1
    assert "FAIL  nbd.option.length.survives-huge" in ended.stdout
    assert "the target ended with status 1" in ended.stdout
    assert "  pass  nbd.option.list.answered\n" in ended.stdout


def test_a_target_that_is_not_ours_and_dies_ends_the_run(tmp_path):
    with Program("vmedia-nbd-reference", "-f", "-U", tmp_path / "s",
                 "--defect", "nbd.option.length.survives-huge",
                 "memory", "1M") as server:
        uri = server.wait_for(r"listening on (\S+)")[1]
        path = tmp_path / "report.json"
        ended = conform("nbd-server", uri, "--json", path,
                        "--only", "nbd.option.length",
                        "--only", "nbd.option.list")
    assert ended.returncode == 1
    cases = json.loads(path.read_text())["cases"]
    assert [case["verdict"] for case in cases] == ["fail"] + \
        ["not tested"] * 7
    assert {case["reason"] for case in cases[1:]} == {
        "the target died in case nbd.option.length.survives-huge"}


def test_a_case_that_needs_another_target_says_which():
    ended = conform("nbd-server", "--spawn", GOOD, "--only",
                    "nbd.tls.required.list-refused", "--only", "nbd.greeting")
    assert ended.returncode == 0, ended.stderr
    assert re.search("n/a +nbd.tls.required.list-refused +it needs a target "
                     "with tls-required; a --profile", ended.stdout)


def test_a_profile_starts_the_server_in_the_way_that_a_case_needs():
    ended = conform("nbd-server", "--profile", "vmedia-nbd",
                    "--only", "nbd.greeting.magic",
                    "--only", "nbd.tls.required.list-refused",
                    "--only", "nbd.tls.certificate.none",
                    "--only", "nbd.shutdown.option-refused",
                    "--only", "nbd.abuse.slow-clients")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines()[-1].startswith("5 cases: 5 pass  (")
    assert "--profile vmedia-nbd" not in ended.stdout  # nothing to repeat


def test_a_mode_that_does_not_start_leaves_its_cases_untested(tmp_path):
    profile = tmp_path / "half.toml"
    profile.write_text(f"""
[[mode]]
offers = ["plain"]
line = "{GOOD}"
[[mode]]
offers = ["tls-required"]
line = "sh -c 'echo no TLS today; exit 3' {{socket}}"
""")
    ended = conform("nbd-server", "--profile", profile,
                    "--only", "nbd.greeting", "--only",
                    "nbd.tls.required.list-refused")
    assert ended.returncode == 3, ended.stdout
    assert "  pass  nbd.greeting.magic\n" in ended.stdout
    assert "it printed 'no TLS today'" in ended.stdout


def test_a_report_of_a_sanitizer_fails_the_case():
    words = "==7==ERROR: AddressSanitizer: heap-use-after-free on address"
    line = f"sh -c 'echo {words} >&2; exec {GOOD}' --"
    ended = conform("nbd-server", "--spawn", line, "--only", "nbd.greeting",
                    "--jobs", "1")
    assert ended.returncode == 1
    assert f"a sanitizer says: {words}" in ended.stdout
    assert "3 pass, 1 fail" in ended.stdout


@pytest.mark.parametrize("line, says", [
    ("nbdkit -f --oldstyle -U {socket} memory 1M",
     "speaks the oldstyle protocol, which has no options to test; start it "
     "as a newstyle server"),
    ("socat UNIX-LISTEN:{socket},fork EXEC:cat",
     "instead of a greeting; is the server running, and is it an NBD server?"),
    ("socat UNIX-LISTEN:{socket},fork "
     "'SYSTEM:echo HTTP/1.1 400 Bad Request; echo'",
     "does not speak NBD: instead of NBDMAGIC it sent 18 bytes: 48 54 54 50"),
], ids=["oldstyle", "silence", "http"])
def test_a_target_that_is_no_such_server_gives_exit_3_and_one_line(line, says):
    ended = conform("nbd-server", "--spawn", line, "--timeout-scale", "0.3")
    assert ended.returncode == 3, ended.stdout
    assert says in ended.stderr and ended.stderr.count("\n") == 1


def test_a_target_that_is_not_ours_is_not_stopped(tmp_path):
    with Program("vmedia-nbd-reference", "-f", "-U", tmp_path / "s",
                 "memory", "1M") as server:
        uri = server.wait_for(r"listening on (\S+)")[1]
        ended = conform("nbd-server", uri, "--only", "nbd.shutdown",
                        "--only", "nbd.abuse", "--only", "nbd.greeting")
        assert ended.returncode == 0, ended.stdout
        assert "n/a   nbd.shutdown.bounded" in ended.stdout
        assert server.process.poll() is None


def test_nothing_is_left_of_a_spawned_daemon(tmp_path):
    # The shell ends at once and leaves the server to whoever takes it.
    pids = tmp_path / "pid"
    line = f"sh -c '{SPAWN} -P {pids} memory 1M & exit 0' --"
    ended = conform("nbd-server", "--spawn", line, "--only", "nbd.greeting",
                    "--jobs", "1")  # there is one file for the pid
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)


@pytest.mark.parametrize("arguments, says", [
    (["nbd-server"], "no target"),
    (["nbd-server", "nbd://x", "--spawn", "y {socket}"], "more than one of"),
    (["nbd-server", "nbd://x", "--profile", "nbdkit"], "more than one of"),
    (["nbd-server", "--profile", "nbdkitt"],
     "no profile 'nbdkitt'; give a file, or one of: nbd-server"),
    (["nbd-server", "--profile", "/no/such.toml"], "/no/such.toml"),
    (["nbd-server", "--profile", "nbdkit", "--export", "x"], "--export"),
    (["nbd-server", "http://host/"], "'http://host/'"),
    (["nbd-server", "disk.img"], "'disk.img'"),
    (["nbd-server", "nbd+unix:///?path=/x"], "?socket=PATH"),
    (["nbd-server", "nbd://x", "--only", "nbd.opton"], "'nbd.opton'"),
    (["nbd-server", "nbd://x", "--skip", "*"], "leave no case"),
    (["nbd-server", "nbd://x", "--expect", "/no/such/dir/x"],
     "/no/such/dir/x"),
    (["nbd-server", "--spawn", "nbdkit -f memory 1M"], "{socket}"),
    (["nbd-server", "--spawn", "nbdkit '-U {socket}"], "never closed"),
    (["explain", "nbd.no.such.case"], "'nbd.no.such.case'"),
    (["list", "nbd.no.such.case"], "'nbd.no.such.case'"),
])
def test_a_wrong_command_line_gives_exit_2_and_one_line(arguments, says):
    ended = conform(*arguments)
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert says in one_line(ended)
    assert ended.stdout == ""


@pytest.mark.parametrize("arguments", [
    [], ["nbd-servr"], ["nbd-server", "nbd://x", "--level", "most"],
    ["nbd-server", "nbd://x", "--timeout-scale", "0"],
    ["nbd-server", "nbd://x", "--no-such-option"],
])
def test_an_unknown_word_gives_exit_2(arguments):
    ended = conform(*arguments)
    assert ended.returncode == 2
    assert "vmedia-conform" in one_line(ended)


@pytest.mark.parametrize("line, says", [
    ("no-such-program-here {socket}", "no-such-program-here"),
    ("sh -c 'echo the disk is missing; exit 3' {socket}",
     "status 3; it printed 'the disk is missing'"),
])
def test_a_target_that_does_not_start_gives_exit_3(line, says):
    ended = conform("nbd-server", "--spawn", line)
    assert ended.returncode == 3
    assert says in one_line(ended)


def test_an_unreachable_target_gives_exit_3(tmp_path):
    report = tmp_path / "report.json"
    ended = conform("nbd-server", f"nbd+unix:///?socket={tmp_path}/none",
                    "--json", report)
    assert ended.returncode == 3
    assert f"{tmp_path}/none" in one_line(ended)
    cases = json.loads(report.read_text())["cases"]
    assert {case["verdict"] for case in cases} == {"not tested"}


def test_something_that_is_no_nbd_server_gives_exit_3():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def greet():
            client, _ = listener.accept()
            with client, contextlib.suppress(ConnectionResetError):
                client.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")
                client.recv(1)
        thread = threading.Thread(target=greet)
        thread.start()
        ended = conform("nbd-server",
                        f"nbd://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert ended.returncode == 3
    assert "does not speak NBD" in one_line(ended)


def test_a_target_that_serves_one_client_only_gives_exit_3():
    qemu_nbd = require("qemu-nbd", "qemu-utils")
    ended = conform("nbd-server", "--spawn",
                    f"{qemu_nbd} -k {{socket}} -f raw {{image}}")
    assert ended.returncode == 3
    assert "a second client was not served" in one_line(ended)
    assert "qemu-nbd -t" in ended.stderr


def test_list_and_explain_show_a_case():
    listed = conform("list", "nbd.option.list.twice").stdout
    assert listed.split() == ["nbd.option.list.twice", "may",
                              "NBD_OPT_LIST", "twice"]
    explained = conform("explain", "nbd.option.list.twice").stdout
    assert "level   may" in explained
    assert "proto.md, Fixed newstyle negotiation" in explained


def test_an_interrupted_run_still_reports_and_leaves_nothing(tmp_path):
    pidfile = tmp_path / "pid"
    case = "nbd.option.starttls.refused-without-tls"
    line = f"{SPAWN} -P {pidfile} --defect {case} memory 1M"
    with Program("vmedia-conform", "nbd-server", "--spawn", line,
                 "--jobs", "1") as conforming:
        # The case before the one that waits for a silent server.
        conforming.wait_for("pass  nbd.option.peek-export.refused")
        pid = int(pidfile.read_text())
        assert conforming.stop(signal.SIGINT) in (1, 3)
        assert "Not tested from nbd." in conforming.output
        assert "on: interrupted" in conforming.output
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
