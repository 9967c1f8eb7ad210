# SPDX-License-Identifier: Apache-2.0
"""Each case can fail: it passes against our own server as it is, and finds
the one defect that the server is told to have."""

import shlex
import subprocess

import pytest

from conformance.nbd.conform import conform, verdicts
from fixtures.program import ours


def ids():
    listed = subprocess.run([ours("vmedia-conform"), "list"], check=True,
                            capture_output=True, text=True).stdout
    return [line.split()[0] for line in listed.splitlines()]


# Servers that some cases want, as options of the reference.
VARIANTS = {
    "nbd.client-flags.no-zeroes-not-offered": ["--variant", "no-zeroes-flag"],
    "nbd.client-flags.fixed-newstyle-not-offered": ["--variant", "not-fixed"],
    "nbd.block-size.enforced-is-told": ["--variant", "blocks"],
    "nbd.block-size.refusal-tells-sizes": ["--variant", "blocks"],
    "nbd.block-size.unaligned-read": ["--variant", "blocks"],
}
# … and larger exports.
SIZES = {
    "nbd.size.large-payload-read": "64M",
    "nbd.size.large-payload-write": "64M",
}


def spawn(*options, case=None):
    return shlex.join([ours("vmedia-nbd-reference"), "-f", "-U", "{socket}",
                       *VARIANTS.get(case, []), *options,
                       "memory", SIZES.get(case, "1M")])


def test_every_case_passes_without_a_defect(tmp_path):
    found = verdicts(tmp_path, "--spawn", spawn())
    assert list(found) == ids()
    wrong = {i: v for i, v in found.items() if v not in ("pass", "info")}
    assert wrong == dict.fromkeys([*VARIANTS, *SIZES], "not applicable")


@pytest.mark.parametrize("case", [*VARIANTS, *SIZES])
def test_it_passes_where_it_applies(case, tmp_path):
    found = verdicts(tmp_path, "--spawn", spawn(case=case), "--only", case)
    assert found[case] == "pass"


def test_every_case_has_a_defect_and_every_defect_a_case():
    listed = subprocess.run([ours("vmedia-nbd-reference"), "--list-defects"],
                            check=True, capture_output=True, text=True).stdout
    assert sorted(listed.split()) == sorted(ids())


@pytest.mark.parametrize("case", ids())
def test_its_defect_is_found(case, tmp_path):
    # A silent server is waited for in vain: a third of the time will do.
    found = verdicts(tmp_path, "--spawn", spawn("--defect", case, case=case),
                     "--only", case, patience=0.3)
    level = conform("explain", case).stdout.split()[2]
    wanted = ("warn", "fail") if level == "should" else ("fail",)
    assert found[case] in wanted
