# SPDX-License-Identifier: Apache-2.0
"""vmedia-conform for pytest: run it, and read what it found."""

import json
import os

from fixtures.program import run

SCALE = float(os.environ.get("VMEDIA_TIMEOUT_SCALE", "1"))

# nbd-server is silent where it lost its place: a deadline each.
RUN_S = 300 * SCALE


def conform(*arguments):
    return run("vmedia-conform", *arguments, timeout=RUN_S)


def end_of(ended):
    """What it said of the verdicts that differ, for an assertion: the whole
    is longer than a CI server shows."""
    return ended.stdout[-1500:] + ended.stderr


def report(tmp_path, *arguments, suite="nbd-server", patience=1.0):
    """The JSON report of `vmedia-conform @suite`, and what it printed."""
    path = tmp_path / "report.json"
    ended = conform(suite, "--json", path, "--timeout-scale",
                    SCALE * patience,
                    *arguments)
    assert ended.returncode in (0, 1), ended.stdout + ended.stderr
    found = json.loads(path.read_text())
    assert found["exit"] == ended.returncode
    return found, ended.stdout


def verdicts(tmp_path, *arguments, **options):
    """{case id: verdict}, in the order of the run."""
    found, _ = report(tmp_path, *arguments, **options)
    return {case["id"]: case["verdict"] for case in found["cases"]}
