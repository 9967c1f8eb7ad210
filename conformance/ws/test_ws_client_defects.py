# SPDX-License-Identifier: Apache-2.0
"""Each case of ws-client can fail: it passes against our own reference as it
is, and finds the one defect that the client is told to have."""

import concurrent.futures
import json
import shlex
import subprocess

import pytest

from conformance.nbd.conform import report
from conformance.ws.test_ws_defects import READER
from fixtures.program import ours, require

MEMORY = ["--", "nbdkit", "-s", "memory", "1M"]

# The ways to have the reference. No one has all that some case is about: the
# first that has it.
CLIENTS = {
    "media": ["--url", "{url}", *MEMORY],
    "dialer": ["--url", "{url}", "--", "/usr/bin/python3", "-c", READER],
    "image": ["--url", "{url}", "--", "nbdkit", "-s", "file", "{image}"],
    "browser": ["--url", "{url}", "--origin", "https://conform.example",
                "--protocol", "binary", "--protocol", "base64", *MEMORY],
    "credentials": ["--url", "{url}", "--user", "conform:secret", *MEMORY],
    "tls": ["--url", "{url}", "--ca", "{ca}", *MEMORY],
    "resident": MEMORY,
}
OFFERS = {
    "browser": ["media", "browser"],
    "credentials": ["media", "credentials"],
    "tls": ["media", "tls"],
}
# A defect that adds what the client has not shows where it has it not.
SHOWS_WITH = {
    "ws.clt.request.subprotocols": "browser",
}
# They say nothing of a client that offers no extension, or does not dial again
# by itself; the reference does so with their defects alone. Chromium passes the
# first two.
NOWHERE = ("ws.clt.request.extensions", "ws.clt.response.deflate-parameters",
           "ws.clt.close.backs-off")


def levels():
    """{case id: its level}, in the order of a run"""
    listed = subprocess.run([ours("vmedia-conform"), "list", "ws.clt.*"],
                            check=True, capture_output=True, text=True).stdout
    return dict(line.split()[:2] for line in listed.splitlines())


def found(client, cases, directory, *options, patience=1.0):
    """{case id: (its verdict, what was seen)} of @cases"""
    line = shlex.join([ours("vmedia-ws-reference"), "client",
                       "--handshake-timeout", "2", *options, *CLIENTS[client]])
    if client in OFFERS:
        profile = directory / "reference.toml"
        profile.write_text(f"[[mode]]\noffers = {json.dumps(OFFERS[client])}\n"
                           f"line = {json.dumps(line)}\n")
        told = ["--profile", profile]
    else:
        told = ["--spawn", line]
    only = [word for case in cases for word in ("--only", case)]
    seen, _ = report(directory, *told, *only, suite="ws-client",
                     patience=patience)
    # --only takes a beginning, too
    return {case["id"]: (case["verdict"], case["reason"] or case["got"])
            for case in seen["cases"] if case["id"] in cases}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """{case id: (the first of CLIENTS to which it applies, what it says)}"""
    require("nbdkit", "nbdkit")
    left = [case for case in levels() if case not in NOWHERE]
    said = {}
    for client in CLIENTS:
        if client == "dialer":
            continue  # see below: it has no case of its own
        mine = [case for case in left
                if SHOWS_WITH.get(case, client) == client]
        if not mine:
            continue
        seen = found(client, mine, tmp_path_factory.mktemp("plain"))
        applies = {case: seen[case] for case in mine
                   if seen[case][0] != "not applicable"}
        wrong = {case: verdict for case, verdict in applies.items()
                 if verdict[0] not in ("pass", "info")}
        assert wrong == {}, client
        said |= {case: (client, *verdict) for case, verdict in applies.items()}
        left = [case for case in left if case not in said]
    assert left == [], "applies to none of CLIENTS"
    return said


def test_every_case_passes_without_a_defect(plain):
    assert sorted(plain) == sorted(set(levels()) - set(NOWHERE))


def test_an_nbd_client_is_tested_as_an_nbd_server_is(tmp_path):
    seen = found("dialer", list(levels()), tmp_path)
    wrong = {case: verdict for case, verdict in seen.items()
             if verdict[0] not in ("pass", "info", "not applicable")}
    assert wrong == {}
    passed = [case for case, verdict in seen.items() if verdict[0] == "pass"]
    assert len(passed) > 50, seen


def test_every_case_has_a_defect():
    listed = subprocess.run(
        [ours("vmedia-ws-reference"), "client", "--list-defects"],
        check=True, capture_output=True, text=True).stdout
    assert set(levels()) == set(listed.split())


@pytest.fixture(scope="module")
def with_defect(request, plain, tmp_path_factory):
    """{case id: what will be seen with its defect}, of all cases that are
    asked for. Several at once, because most of the time goes into waiting for
    clients that are silent. A part of the usual time will do for that."""
    def find(case, directory):
        client = plain[case][0] if case in plain else "media"
        return found(client, [case], directory, "--defect", case,
                     patience=0.3)[case]

    cases = [item.callspec.params["case"] for item in request.session.items
             if item.originalname == test_its_defect_is_found.__name__]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        yield {case: pool.submit(find, case, tmp_path_factory.mktemp("defect"))
               for case in cases}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case, level", levels().items())
def test_its_defect_is_found(case, level, plain, with_defect):
    verdict, said = with_defect[case].result()
    if level == "may" and verdict == "info":
        assert said != plain[case][2]  # it is told what the client does
    else:
        assert verdict in (("fail",) if level == "must" else ("warn", "fail"))
