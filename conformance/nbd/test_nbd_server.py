# SPDX-License-Identifier: Apache-2.0
"""Servers that people use, with exactly the verdicts that we expect.

conformance/expected/SERVER.toml names each case that does not pass, with the
verdict and why. A case that passes although it is named there fails too: then
the server was mended, or the case lost its teeth. Several verdicts are allowed
only where a race in the server decides.
"""

import pathlib
import shlex
import tomllib

import pytest

from conformance.nbd.conform import report
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


def nbd_server(tmp_path, setting=""):
    """It takes its socket from a file only, and makes a daemon of itself."""
    script = tmp_path / "start"
    script.write_text(f"""
cat >"$1.conf" <<END
[generic]
unixsock = $1
allowlist = true
[disk]
exportname = $2
{setting}
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


def allowed(expected):
    """One verdict, or all that a race may lead to."""
    verdict = expected["verdict"]
    return [verdict] if isinstance(verdict, str) else verdict


def judge(spawn, expected, tmp_path, *options):
    found, text = report(tmp_path, "--spawn", spawn, *options)
    seen = {case["id"]: case["verdict"] for case in found["cases"]}
    assert set(expected) <= set(seen), "a case that does not exist"
    assert all(row["why"] for row in expected.values())
    wanted = {i: allowed(expected.get(i, {"verdict": "pass"})) for i in seen}
    wrong = {i: f"{seen[i]}, expected {' or '.join(wanted[i])}"
             for i in seen if seen[i] not in wanted[i]}
    assert wrong == {}, text
    assert found["exit"] == (1 if "fail" in seen.values() else 0)


@pytest.mark.parametrize("server", SERVERS)
def test_verdicts_are_as_expected(server, tmp_path):
    expected = tomllib.loads((EXPECTED / f"{server}.toml").read_text())
    judge(SERVERS[server](tmp_path), expected, tmp_path)


# What shows only on an export of another kind: how it is started, and the
# cases that are about it.
READ_ONLY = ("nbd.write.read-only", "nbd.trim.read-only", "nbd.zero.read-only")
LARGE = ("nbd.block-status.longest", "nbd.zero.large",
         "nbd.structured.chunk-within-maximum",
         "nbd.structured.read-above-maximum", "nbd.error.no-out-of-memory")
KINDS = {
    "vmedia-nbd, read-only": (lambda t: vmedia_nbd(t) + " -r", READ_ONLY),
    "vmedia-nbd, large": (
        lambda _: shlex.join([ours("vmedia-nbd"), "-f", "-U", "{socket}",
                              "memory", "6G"]), LARGE),
    "nbdkit, read-only": (lambda t: nbdkit(t) + " -r", READ_ONLY),
    "nbdkit, large": (lambda t: nbdkit(t).replace("1M", "6G"), LARGE),
    "qemu-nbd, read-only": (lambda t: qemu_nbd(t) + " -r", READ_ONLY),
    "nbd-server, read-only": (
        lambda t: nbd_server(t, "readonly = true"), READ_ONLY),
}


@pytest.mark.parametrize("kind", KINDS)
def test_verdicts_on_other_exports_are_as_expected(kind, tmp_path):
    expected = tomllib.loads((EXPECTED / "other-exports.toml").read_text())
    spawn, cases = KINDS[kind]
    only = [word for case in cases for word in ("--only", case)]
    judge(spawn(tmp_path), expected.get(kind, {}), tmp_path, *only)
