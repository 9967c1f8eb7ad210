# SPDX-License-Identifier: Apache-2.0
"""Each case can fail: it passes against our own server as it is, and finds
the one defect that the server is told to have."""

import concurrent.futures
import pathlib
import shlex
import subprocess

import pytest

from conformance.nbd.conform import verdicts
from fixtures.program import ours

PROFILES = pathlib.Path(__file__).parent.parent / "profiles"


def levels():
    """{case id: its level}, in the order of a run"""
    listed = subprocess.run([ours("vmedia-conform"), "list", "nbd.*"],
                            check=True, capture_output=True, text=True).stdout
    return dict(line.split()[:2] for line in listed.splitlines())


def ids():
    return list(levels())


PROFILE = None
# No one server has all that some case is about: the first that has it. First
# the profile of vmedia-nbd, then what goes on the reference's command line.
SERVERS = [
    PROFILE,
    ["-r", "memory", "1M"],  # has no flush
    ["pattern", "1M"],  # has neither trim nor zeroes
    ["--variant", "blocks", "memory", "1M"],
    ["--variant", "no-zeroes-flag", "memory", "1M"],
    ["--variant", "not-fixed", "memory", "1M"],
    ["--variant", "flush-fails", "memory", "1M"],
    ["--variant", "fragmented", "memory", "1M"],
]
# What a case cannot see for itself: those servers get a profile that says so.
OFFERS = {"flush-fails", "fragmented"}


def target(server, directory, *options):
    """What tells vmedia-conform of one of SERVERS, with more options."""
    reference = shlex.join([ours("vmedia-nbd-reference"), *options])
    path = directory / "reference.toml"
    if server is PROFILE:
        text = (PROFILES / "vmedia-nbd.toml").read_text()
        path.write_text(text.replace('line = "vmedia-nbd ',
                                     f'line = "{reference} '))
        return ["--profile", path]
    line = f"{reference} -f -U {{socket}} {shlex.join(server)}"
    offers = OFFERS.intersection(server)
    if not offers:
        return ["--spawn", line]
    path.write_text(f"[[mode]]\noffers = {['plain', *offers]}\n"
                    f'line = "{line}"\n')
    return ["--profile", path]


@pytest.fixture(scope="module")
def server_for(tmp_path_factory):
    """{case id: the first of SERVERS to which it applies}"""
    left = ids()
    found = {}
    for server in SERVERS:
        directory = tmp_path_factory.mktemp("plain")
        only = [word for case in left for word in ("--only", case)]
        seen = verdicts(directory, *target(server, directory), *only)
        # --only takes a beginning, too
        seen = {case: seen[case] for case in left}
        left = [case for case in left if seen[case] == "not applicable"]
        wrong = {case: verdict for case, verdict in seen.items()
                 if verdict not in ("pass", "info", "not applicable")}
        assert wrong == {}, server
        found |= {case: server for case in seen if case not in left}
    assert left == [], "applies to none of SERVERS"
    return found


def test_every_case_passes_without_a_defect(server_for):
    assert sorted(server_for) == sorted(ids())


def test_every_case_has_a_defect_and_every_defect_a_case():
    listed = subprocess.run([ours("vmedia-nbd-reference"), "--list-defects"],
                            check=True, capture_output=True, text=True).stdout
    assert sorted(listed.split()) == sorted(ids())


@pytest.fixture(scope="module")
def with_defect(request, server_for, tmp_path_factory):
    """{case id: what will be its verdict}, of all cases that are asked for.
    Several at once, because most of the time goes into waiting for servers
    that are silent. A third of the usual time will do for that."""
    def find(case, directory):
        return verdicts(directory,
                        *target(server_for[case], directory, "--defect", case),
                        "--only", case, patience=0.3)[case]

    cases = [item.callspec.params["case"] for item in request.session.items
             if item.originalname == test_its_defect_is_found.__name__]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        yield {case: pool.submit(find, case, tmp_path_factory.mktemp("defect"))
               for case in cases}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case, level", levels().items())
def test_its_defect_is_found(case, level, with_defect):
    wanted = ("warn", "fail") if level == "should" else ("fail",)
    assert with_defect[case].result() in wanted
