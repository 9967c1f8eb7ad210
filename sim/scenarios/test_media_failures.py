# SPDX-License-Identifier: Apache-2.0
"""Media that a BMC cannot plug in: the whole BMC side and a real kernel, in one
machine. What fails leaves nothing, and the next medium works."""

import hashlib
import pathlib
import random
import subprocess

import pytest

from fixtures.guest import BOOT_S, SEED, need_kernel, results_of
from fixtures.program import require, run
from fixtures.tls_keys import pki  # noqa: F401

SCRIPT = pathlib.Path(__file__).parent / "guest" / "media_failures.sh"
CONFIG = """{"timeout": 30, "configurations": {
  "0": {"nbd-device": "/dev/nbd0", "default": true}}}
"""


@pytest.fixture(scope="module")
def content():
    print(f"seed {SEED}")
    return random.Random(SEED).randbytes(1 << 20)


@pytest.fixture(scope="module")
def results(tmp_path_factory, pki, content):  # noqa: F811
    need_kernel()
    require("nbd-client", "nbd-client")
    share = tmp_path_factory.mktemp("share")
    (share / "pki").mkdir()
    for file in pki.glob("*.pem"):
        (share / "pki" / file.name).write_bytes(file.read_bytes())
    hashed = subprocess.run(["openssl", "passwd", "-6", "right"], check=True,
                            capture_output=True, text=True).stdout
    for name, text in (("users", f"admin:{hashed}"), ("password", "right\n"),
                       ("wrong", "wrong\n"), ("config.json", CONFIG)):
        (share / name).write_text(text)
    (share / "disk.img").write_bytes(content)
    done = run("vmedia-sim", "guest", SCRIPT, "--share", share,
               "--program", "vmedia-nbd", "--program", "vmedia-httpd",
               "--program", "nbd-proxy", "--program", "nbd-client",
               "--program", "state",
               "--module", "nbd nbds_max=1", "--module", "dummy_hcd",
               "--module", "libcomposite", "--module", "usb_f_mass_storage",
               timeout=BOOT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return results_of(done.stdout)


@pytest.mark.parametrize("failure, says", [
    ("wrong-password", "401"),
    ("no-udc", "no free UDC"),
])
def test_a_medium_that_cannot_be_plugged_in_leaves_nothing(
        results, failure, says):
    told = results[failure]
    assert told["status"] == ["1"]
    assert [says in line for line in told["said"]] == \
        [False] * (len(told["said"]) - 1) + [True], told["said"]
    assert told["sectors"] == ["0"]
    assert told.keys() <= {"status", "said", "sectors", "httpd"}, told


def test_a_failing_hook_is_told_by_itself_and_by_the_session(results):
    lines = results["no-udc"]["httpd"]
    said = "state: no free UDC in /sys/class/udc; stop another medium first"
    assert lines.count(said) == 1
    assert lines.count("nbd-proxy: session ended: state start 0 exited with "
                       f"status 1: {said}") == 1
    assert any("slot 0 is free" in line for line in lines)


def test_a_wrong_password_never_reaches_the_slot(results):
    assert not any("slot 0" in line and "opened" in line
                   for line in results["wrong-password"].get("httpd", []))


def test_the_slot_is_free_for_the_next_medium(results, content):
    told = results["afterwards"]
    assert "error" not in told, told
    assert told["bound"] == ["dummy_udc.0"]
    assert told["device"] == [hashlib.sha256(content).hexdigest()]
    assert told["sectors"] == ["0"]
    assert "gadget" not in told and "still" not in told, told
