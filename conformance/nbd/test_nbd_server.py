# SPDX-License-Identifier: Apache-2.0
"""Servers that people use, with exactly the verdicts that we expect. They
are started as conformance/profiles/SERVER.toml says.

conformance/expected/SERVER.toml names each case that does not pass, with the
verdict and why. A case that passes although it is named there fails too: then
the server was mended, or the case lost its teeth. Several verdicts are allowed
only where a race in the server decides.
"""

import pathlib
import tomllib

import pytest

from conformance.nbd.conform import report
from fixtures.program import require

EXPECTED = pathlib.Path(__file__).parent.parent / "expected"


# The server's program, and the package that has it.
SERVERS = {
    "vmedia-nbd": None,
    "nbdkit": "nbdkit",
    "qemu-nbd": "qemu-utils",
    "nbd-server": "nbd-server",
}


def allowed(expected):
    """One verdict, or all that a race may lead to."""
    verdict = expected["verdict"]
    return [verdict] if isinstance(verdict, str) else verdict


@pytest.mark.parametrize("server", SERVERS)
def test_verdicts_are_as_expected(server, tmp_path):
    expected = tomllib.loads((EXPECTED / f"{server}.toml").read_text())
    if SERVERS[server]:
        require(server, SERVERS[server])
    found, text = report(tmp_path, "--profile", server)
    seen = {case["id"]: case["verdict"] for case in found["cases"]}
    assert set(expected) <= set(seen), "a case that does not exist"
    assert all(row["why"] for row in expected.values())
    wanted = {i: allowed(expected.get(i, {"verdict": "pass"})) for i in seen}
    wrong = {i: f"{seen[i]}, expected {' or '.join(wanted[i])}"
             for i in seen if seen[i] not in wanted[i]}
    assert wrong == {}, text
    assert found["exit"] == (1 if "fail" in seen.values() else 0)
