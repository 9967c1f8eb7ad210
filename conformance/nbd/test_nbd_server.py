# SPDX-License-Identifier: Apache-2.0
"""Servers that people use, with exactly the verdicts that we expect.

conformance/expected/SERVER.toml names each case that does not pass, with the
verdict and why. A case that passes although it is named there fails too: then
the server was mended, or the case lost its teeth.
"""

import pathlib
import shlex

import pytest

from conformance.nbd.conform import SCALE, conform
from fixtures.program import ours, require

EXPECTED = pathlib.Path(__file__).parent.parent / "expected"


def vmedia_nbd(_):
    return shlex.join([ours("vmedia-nbd"), "-f", "-U", "{socket}", "file",
                       "{image}"])


def nbdkit(_):
    return shlex.join([require("nbdkit", "nbdkit"), "-f", "-U", "{socket}",
                       "memory", "1M"])


def qemu_nbd(_):
    return shlex.join([require("qemu-nbd", "qemu-utils"), "-t", "-e", "8",
                       "-k", "{socket}", "-f", "raw", "{image}"])


def nbd_server(tmp_path):
    """It takes its socket from a file only, and makes a daemon of itself."""
    script = tmp_path / "start"
    script.write_text(f"""
cat >"$1.conf" <<END
[generic]
unixsock = $1
allowlist = true
[disk]
exportname = $2
END
exec {shlex.quote(require("nbd-server", "nbd-server"))} -C "$1.conf" -p "$1.pid"
""")
    return shlex.join(["sh", str(script), "{socket}", "{image}"])


SERVERS = {
    "vmedia-nbd": vmedia_nbd,
    "nbdkit": nbdkit,
    "qemu-nbd": qemu_nbd,
    "nbd-server": nbd_server,
}


@pytest.mark.parametrize("server", SERVERS)
def test_verdicts_are_as_expected(server, tmp_path):
    ended = conform("nbd-server", "--spawn", SERVERS[server](tmp_path),
                    "--timeout-scale", SCALE,
                    "--expect", EXPECTED / f"{server}.toml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "; unexpected: none\n" in ended.stdout
