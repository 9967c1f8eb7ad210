# SPDX-License-Identifier: Apache-2.0
"""WebSocket clients that people use, with exactly the verdicts that we expect.
They are started as conformance/profiles/CLIENT.toml says; see
test_ws_server.py. And what the command says where there is none to test."""

import json
import pathlib
import subprocess

import pytest

from conformance.nbd.conform import SCALE, conform, report
from fixtures.program import Program, ours

EXPECTED = pathlib.Path(__file__).parent.parent / "expected"
PUSH = [ours("vmedia-nbd"), "push", "--timeout", "2", "{image}", "{url}"]

# The same client, as one program for all URLs.
RESIDENT = """
import json, subprocess, sys, threading
def visit(url):
    push = [sys.argv[1], "push", "--timeout", "2", sys.argv[2], url]
    done = subprocess.run(push, stderr=subprocess.DEVNULL)
    print(json.dumps({"url": url, "clean": done.returncode == 0, "reason": "",
                      "code": 1000 if done.returncode == 0 else 1006}),
          flush=True)
for line in sys.stdin:
    threading.Thread(target=visit, args=(line.strip(),), daemon=True).start()
"""


@pytest.mark.parametrize("client", ["vmedia-nbd-push"])
def test_verdicts_are_as_expected(client):
    ended = conform("ws-client", "--profile", client, "--timeout-scale", SCALE,
                    "--expect", EXPECTED / f"{client}.toml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "; unexpected: none\n" in ended.stdout


def test_a_command_behind_the_options_is_the_client(tmp_path):
    found, printed = report(tmp_path, "--only", "ws.clt.sent.masked", "--",
                            *PUSH, suite="ws-client")
    assert [case["verdict"] for case in found["cases"]] == ["pass"]
    assert "it serves NBD (media); no origin" in printed


def test_a_client_that_stays_gets_urls_and_tells_of_ends(tmp_path):
    only = ["ws.clt.close.*", "ws.clt.request.one-connecting"]
    found, _ = report(
        tmp_path, *[word for glob in only for word in ("--only", glob)], "--",
        "/usr/bin/python3", "-c", RESIDENT, ours("vmedia-nbd"), "{image}",
        suite="ws-client")
    verdicts = {case["id"]: case["verdict"] for case in found["cases"]}
    # Its threads know nothing of each other.
    assert verdicts.pop("ws.clt.request.one-connecting") == "fail"
    assert verdicts.pop("ws.clt.close.backs-off") == "not applicable"
    assert set(verdicts.values()) == {"pass"}


def test_whoever_dials_is_tested(tmp_path):
    with Program(ours("vmedia-conform"), "ws-client", "--only",
                 "ws.clt.request.host", "--json", tmp_path / "run.json") as run:
        url = run.wait_for(r"dial (ws://\S+), and again")[1]
        image = tmp_path / "image"
        image.write_bytes(bytes(1 << 20))
        # Its two probes, and the case.
        for _ in range(3):
            subprocess.run([ours("vmedia-nbd"), "push", image, url],
                           stderr=subprocess.DEVNULL, timeout=30 * SCALE)
        assert run.process.wait(timeout=30 * SCALE) == 0
    case, = json.loads((tmp_path / "run.json").read_text())["cases"]
    assert case["verdict"] == "pass"


@pytest.mark.parametrize("arguments, exit_status, said", [
    (["--", "/nonexistent/client", "{url}"], 3, "/nonexistent/client"),
    (["--", "true", "{url}"], 3, "it ended without a connection: status 0"),
    (["--", "false"], 3, "status 1; it printed nothing"),
    (["--", "sh", "-c", "echo no such host >&2; exit 1", "{url}"], 3,
     "it printed 'no such host'"),
    (["--spawn", "vmedia-nbd push 'a b"], 2, "is never closed"),
    (["--spawn", "a {url}", "--", "b", "{url}"], 2, "more than one"),
    (["--profile", "no-such-client"], 2, "no profile 'no-such-client'"),
    (["--profile", "vmedia-nbd-push", "--tls"], 2, "--tls and --profile"),
    (["--profile", "websockify"], 2, "nothing that is offered is called"),
])
def test_bad_input_is_one_line(arguments, exit_status, said):
    ended = conform("ws-client", *arguments)
    assert (ended.returncode, ended.stdout) == (exit_status, ""), ended.stderr
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr


def test_nothing_is_left_behind(tmp_path):
    """Neither a client that hangs, nor what it has started."""
    marker = f"3600.{tmp_path.name[-6:]}"
    ended = conform("ws-client", "--timeout-scale", SCALE * 0.2, "--only",
                    "ws.clt.request.host", "--", "sh", "-c",
                    f"sleep {marker} & sleep {marker}; : {{url}}")
    assert ended.returncode == 3, ended.stdout + ended.stderr
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True,
                            text=True, check=True).stdout
    assert marker not in listed
