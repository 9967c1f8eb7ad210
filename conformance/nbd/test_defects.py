# SPDX-License-Identifier: Apache-2.0
"""Each case can fail: it passes against our own server as it is, and finds
the one defect that the server is told to have."""

import pathlib
import shlex
import subprocess

import pytest

from conformance.nbd.conform import conform, verdicts
from fixtures.program import ours

PROFILES = pathlib.Path(__file__).parent.parent / "profiles"


def ids():
    listed = subprocess.run([ours("vmedia-conform"), "list"], check=True,
                            capture_output=True, text=True).stdout
    return [line.split()[0] for line in listed.splitlines()]


@pytest.fixture
def profile(tmp_path):
    """A function that makes the profile of our server with a defect."""
    def make(*options):
        reference = shlex.join([ours("vmedia-nbd-reference"), *options, ""])
        text = (PROFILES / "vmedia-nbd.toml").read_text()
        text = text.replace('line = "vmedia-nbd ', f'line = "{reference[:-2]}')
        # It can do what vmedia-nbd has no options for.
        text = text.replace('offers = ["tls-on", "psk"]', """\
tls-only-export = "secret"
offers = ["tls-on", "tls-only-export", "psk"]""")
        text = text.replace("--tls=on", "--tls=on --tls-only-export secret")
        path = tmp_path / "reference.toml"
        path.write_text(text)
        return path
    return make


def test_every_case_passes_without_a_defect(profile, tmp_path):
    found = verdicts(tmp_path, "--profile", profile())
    assert {i: v for i, v in found.items() if v not in ("pass", "info")} == {}
    assert list(found) == ids()


def test_every_case_has_a_defect_and_every_defect_a_case():
    listed = subprocess.run([ours("vmedia-nbd-reference"), "--list-defects"],
                            check=True, capture_output=True, text=True).stdout
    assert sorted(listed.split()) == sorted(ids())


@pytest.mark.parametrize("case", ids())
def test_its_defect_is_found(case, profile, tmp_path):
    # A silent server is waited for in vain: a third of the time will do.
    found = verdicts(tmp_path, "--profile", profile("--defect", case),
                     "--only", case, patience=0.3)
    level = conform("explain", case).stdout.split()[2]
    wanted = ("warn", "fail") if level == "should" else ("fail",)
    assert found[case] in wanted
