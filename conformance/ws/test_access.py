# SPDX-License-Identifier: Apache-2.0
"""How `vmedia-conform ws-server` gets into somebody's target, and that what
opens it is told to nobody."""

import base64
import json

import pytest

from conformance.nbd.conform import conform
from fixtures.program import Program

PASSWORD = "correct horse"
SECRET = base64.b64encode(f"root:{PASSWORD}".encode()).decode()
TOKEN = "tok3n-of-somebody"


class Guarded(Program):
    """An echo that wants credentials."""

    def __init__(self):
        super().__init__("vmedia-ws-reference", "--echo",
                         "--user", f"root:{PASSWORD}", "--token", TOKEN)

    @property
    def url(self):
        return self.wait_for(r"listening on (ws://127.0.0.1:\d+/)")[1]


@pytest.fixture
def target():
    with Guarded() as server:
        yield server


@pytest.fixture
def password(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


def with_reports(tmp_path, *arguments):
    """How it ended, and all that it told, in each form."""
    form = {name: tmp_path / f"run.{name}"
            for name in ("json", "html", "junit", "markdown", "tap")}
    options = [word for name, path in form.items()
               for word in (f"--{name}", path)]
    ended = conform("ws-server", *arguments, *options,
                    "--pcap", tmp_path / "pcap")
    told = {name: path.read_bytes() for name, path in form.items()}
    for capture in (tmp_path / "pcap").iterdir():
        told[capture.name] = capture.read_bytes()
    told["terminal"] = (ended.stdout + ended.stderr).encode()
    return ended, told


ONLY = ("--only", "ws.hs.auth*", "--only", "ws.hs.bytewise",
        "--only", "ws.frm.unmasked-*")


def test_no_report_tells_the_password(target, password, tmp_path):
    ended, told = with_reports(tmp_path, target.url, "--user", "root",
                               "--password-file", password, *ONLY)
    assert " pass" in ended.stdout, ended.stdout + ended.stderr
    assert b"Authorization: Basic ****" in told["ws.hs.auth-right.pcapng"]
    for name, text in told.items():
        assert SECRET.encode() not in text, name
        assert PASSWORD.encode() not in text, name
    # In the JSON report bytes are hex.
    for secret in (SECRET, PASSWORD):
        assert secret.encode().hex().encode() not in told["json"]


def test_no_report_tells_the_token(target, tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN)
    ended, told = with_reports(tmp_path, target.url, "--token-file", path,
                               *ONLY)
    assert " pass" in ended.stdout, ended.stdout + ended.stderr
    for name, text in told.items():
        assert TOKEN.encode() not in text, name
        assert TOKEN.encode().hex().encode() not in text, name


def test_a_case_is_repeated_with_what_opens_the_target(target, password,
                                                       tmp_path):
    path = tmp_path / "run.json"
    conform("ws-server", target.url, "--user", "root", "--password-file",
            password, "--only", "ws.hs.auth-right", "--json", path)
    repeat = json.loads(path.read_text())["repeat"]
    assert f"--user root --password-file {password}" in repeat
    again = conform("replay", path, "ws.hs.auth-right")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "1 pass" in again.stdout


def test_credentials_are_for_a_target_that_is_there(password):
    ended = conform("ws-server", "--spawn", "true {port}", "--user", "root",
                    "--password-file", password)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"vmedia-conform: --user root --password-file {password} is for a "
        "target that is there already; give a URL, or write the credentials "
        "into the line that starts the target\n")


def test_without_credentials_it_says_which_option_to_give(target):
    ended = conform("ws-server", target.url)
    assert ended.returncode == 3
    assert ended.stderr == (
        "vmedia-conform: the target answers / with 401 Unauthorized; give "
        "--user and --password-file, or --token-file\n")


def test_nobody_there_is_said_once_and_with_its_url():
    ended = conform("ws-server", "ws://127.0.0.1:9/x")
    assert ended.returncode == 3
    assert ended.stderr == (
        "vmedia-conform: ws://127.0.0.1:9/x is no WebSocket server: no "
        "connection: 127.0.0.1:9: Connection refused\n")
