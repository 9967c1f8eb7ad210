# SPDX-License-Identifier: Apache-2.0
"""Each case can fail: it passes against our own server as it is, and finds
the one defect that the server is told to have."""

import shlex
import subprocess

import pytest

from conformance.nbd.conform import verdicts
from fixtures.program import ours


def levels():
    """{case id: its level}, in the order of a run"""
    listed = subprocess.run([ours("vmedia-conform"), "list"], check=True,
                            capture_output=True, text=True).stdout
    return dict(line.split()[:2] for line in listed.splitlines())


def ids():
    return list(levels())


# No one export has all that some case is about: the first that has it.
EXPORTS = [
    ["memory", "1M"],
    ["-r", "memory", "1M"],
    ["pattern", "1M"],  # has neither trim nor zeroes
    ["memory", "6G"],
]


def spawn(export, *options):
    return shlex.join([ours("vmedia-nbd-reference"), "-f", "-U", "{socket}",
                       *options, *export])


@pytest.fixture(scope="module")
def export_for(tmp_path_factory):
    """{case id: the first of EXPORTS to which it applies}"""
    left = ids()
    found = {}
    for export in EXPORTS:
        only = [word for case in left for word in ("--only", case)]
        seen = verdicts(tmp_path_factory.mktemp("plain"), "--spawn",
                        spawn(export), *only)
        # --only takes a beginning, too
        seen = {case: seen[case] for case in left}
        left = [case for case in left if seen[case] == "not applicable"]
        wrong = {case: verdict for case, verdict in seen.items()
                 if verdict not in ("pass", "info", "not applicable")}
        assert wrong == {}, export
        found |= {case: export for case in seen if case not in left}
    assert left == [], "applies to none of EXPORTS"
    return found


def test_every_case_passes_without_a_defect(export_for):
    assert sorted(export_for) == sorted(ids())


def test_every_case_has_a_defect_and_every_defect_a_case():
    listed = subprocess.run([ours("vmedia-nbd-reference"), "--list-defects"],
                            check=True, capture_output=True, text=True).stdout
    assert sorted(listed.split()) == sorted(ids())


@pytest.mark.parametrize("case, level", levels().items())
def test_its_defect_is_found(case, level, export_for, tmp_path):
    # A silent server is waited for in vain: a third of the time will do.
    found = verdicts(tmp_path, "--spawn",
                     spawn(export_for[case], "--defect", case),
                     "--only", case, patience=0.3)
    wanted = ("warn", "fail") if level == "should" else ("fail",)
    assert found[case] in wanted
