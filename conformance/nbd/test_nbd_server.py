# SPDX-License-Identifier: Apache-2.0
"""Servers that people use, with exactly the verdicts that we expect. They
are started as conformance/profiles/SERVER.toml says.

conformance/expected/SERVER.toml names each case that does not pass, with the
verdict and why. A case that passes although it is named there fails too: then
the server was mended, or the case lost its teeth. Several verdicts are allowed
only where a race in the server decides.
"""

import pathlib

import pytest

from conformance.nbd.conform import SCALE, conform, end_of
from fixtures.program import require

EXPECTED = pathlib.Path(__file__).parent.parent / "expected"


# The server's program, and the package that has it.
SERVERS = {
    "vmedia-nbd": None,
    "nbdkit": "nbdkit",
    "qemu-nbd": "qemu-utils",
    "nbd-server": "nbd-server",
}


@pytest.mark.parametrize("server", SERVERS)
def test_verdicts_are_as_expected(server, tmp_path):
    if SERVERS[server]:
        require(server, SERVERS[server])
    ended = conform("nbd-server", "--profile", server,
                    "--timeout-scale", SCALE,
                    "--expect", EXPECTED / f"{server}.toml")
    assert ended.returncode == 0, end_of(ended)
    assert "; unexpected: none\n" in ended.stdout
