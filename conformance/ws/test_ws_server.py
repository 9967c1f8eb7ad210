# SPDX-License-Identifier: Apache-2.0
"""WebSocket servers that people use, with exactly the verdicts that we expect.
They are started as conformance/profiles/SERVER.toml says.

conformance/expected/SERVER.toml names each case that does not pass, with the
verdict and why. A case that passes although it is named there fails too: then
the server was mended, or the case lost its teeth. Several verdicts are allowed
only where a race in the server decides.
"""

import json
import os
import pathlib
import signal

import pytest

from conformance.nbd.conform import SCALE, conform, end_of
from fixtures.program import Program, require, run

EXPECTED = pathlib.Path(__file__).parent.parent / "expected"
NODE = pathlib.Path(__file__).parent.parent / "node"

# The server's program, and the package that has it.
SERVERS = {
    "vmedia-httpd": ("nbdkit", "nbdkit"),
    "websocketd": ("websocketd", "websocketd"),
    "websockify": ("websockify", "websockify"),
    "python-websockets": None,
    "nginx": ("nginx", "nginx-light"),
    "npm-ws": None,
}
NEED_PYTHON = ("python-websockets", "nginx")
NEED_NPM = ("npm-ws",)
# websockify is silent where others say why: less of a deadline each.
PATIENCE = {"websockify": 0.3}


def require_module(name, package):
    """@name for Debian's Python, which runs the profiles' scripts."""
    if run("/usr/bin/python3", "-c", f"import {name}").returncode != 0:
        require(f"the module {name}", package)


def require_npm(name):
    """@name for Node.js, among what ci/setup installs of npm."""
    require("node", "nodejs")
    if not (NODE / "node_modules" / name).is_dir():
        text = f"{name} of npm is missing: run ci/setup"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)


@pytest.mark.parametrize("server", SERVERS)
def test_verdicts_are_as_expected(server, tmp_path):
    if SERVERS[server]:
        require(*SERVERS[server])
    if server in NEED_PYTHON:
        require_module("websockets", "python3-websockets")
    if server in NEED_NPM:
        require_npm("ws")
    ended = conform("ws-server", "--profile", server,
                    "--timeout-scale", SCALE * PATIENCE.get(server, 1),
                    "--expect", EXPECTED / f"{server}.toml")
    assert ended.returncode == 0, end_of(ended)
    assert "; unexpected: none\n" in ended.stdout


def test_an_interrupt_does_not_wait_for_a_slow_case(tmp_path):
    require("nbdkit", "nbdkit")
    path = tmp_path / "run.json"
    with Program("vmedia-conform", "ws-server", "--profile", "vmedia-httpd",
                 "--slow", "--only", "ws.net.keepalive-idle",
                 "--json", path) as conforming:
        conforming.wait_for("seed ")
        assert conforming.stop(signal.SIGINT) == 3
    case, = json.loads(path.read_text())["cases"]
    assert (case["verdict"], case["reason"]) == ("not tested", "interrupted")
