# SPDX-License-Identifier: Apache-2.0
"""Each case can fail: it passes against our own reference as it is, and finds
the one defect that the server is told to have."""

import concurrent.futures
import contextlib
import json
import shlex
import subprocess

import pytest

from conformance.nbd.conform import report
from fixtures.program import Program, ours, require
from fixtures.tls_keys import pki  # noqa: F401

# Keeps sixteen reads in flight, and ends if the data is wrong.
READER = """
import nbd
h = nbd.NBD()
h.connect_socket(0)
size, step, at, done = h.get_size(), 131072, 0, []
def read(offset):
    buffer = nbd.Buffer(step)
    def ended(error):
        done.append((error.value, buffer, offset))
        return 1
    h.aio_pread(buffer, offset, completion=ended)
while True:
    while h.aio_in_flight() < 16:
        read(at % size)
        at += step
    h.poll(-1)
    for error, buffer, offset in done:
        assert error or buffer.to_bytearray()[:8] == offset.to_bytes(8, "big")
    done.clear()
"""

TLS = ["--certificate", "{pki}/server-cert.pem",
       "--key", "{pki}/server-key.pem"]

# What is behind the reference. No one has all that some case is about: the
# first that has it. With its slots, it is heard at /1.
SERVERS = {
    "echo": ["--echo"],
    "path": ["--slots", "2", "--echo"],
    "nbd-server": ["--", "nbdkit", "-s", "memory", "1M"],
    "nbd-client": ["--", "/usr/bin/python3", "-c", READER],
    "backend-ends": ["--", "sh", "-c", "exit 3"],
    "credentials": ["--user", "conform:secret", "--echo"],
    "token": ["--token", "secret", "--echo"],
    "slots": ["--slots", "2", "--echo"],
    "tls": [*TLS, "--echo"],
    "client-certificate": [*TLS, "--client-ca", "{pki}/ca-cert.pem", "--echo"],
}
# What only a profile can tell of them.
OFFERS = {
    "backend-ends": ["backend-ends"],
    "slots": ["echo", "one-client", "two-slots"],
    "tls": ["echo", "tls"],
    "client-certificate": ["echo", "tls", "client-certificate"],
}
# Bytes are bytes for an echo, but out of step for NBD.
OUT_OF_STEP = "an echo sends back what came, wherever a message ends"
SHOWS_WITH = {
    "ws.lim.unbounded-out": (
        "nbd-server", "an echo that cannot send does not read either"),
    "ws.slot.second-client-refused": ("slots", "a profile tells of the slot"),
    "ws.slot.second-client-cannot-inject": (
        "slots", "a profile tells of the slot"),
    "ws.cls.never-reply": (
        "nbd-server", "an echo that fails a connection ends TCP at once"),
    "ws.cls.nbd-protocol-error": (
        "nbd-client", "nbdkit ends as if nothing were wrong"),
    "ws.nbd.request-split-1": ("nbd-server", OUT_OF_STEP),
    "ws.nbd.request-split-15": ("nbd-server", OUT_OF_STEP),
    "ws.nbd.request-split-16": ("nbd-server", OUT_OF_STEP),
    "ws.nbd.request-split-17": ("nbd-server", OUT_OF_STEP),
    "ws.nbd.two-coalesced": ("nbd-server", OUT_OF_STEP),
    "ws.nbd.zero-length-between": ("nbd-server", OUT_OF_STEP),
}
NOBODY = "who has it lets nobody in, so that the run ends before the case"
SLOW = "it waits for half a minute or more: shown to fail by hand (--slow)"
# Those of the slow cases that take seconds here.
SOON = {"ws.cls.never-reply",
        "ws.lim.fd-leak-1000", "ws.lim.rss-after-1000-sessions",
        "ws.net.slowloris-frame", "ws.net.stall-mid-payload",
        "ws.slot.reopen-loop"}
# Cases that the reference has nothing for.
NOWHERE = {
    "ws.pmd.garbage-deflate": "it does not compress; python-websockets does",
    "ws.pmd.bomb": "it does not compress; python-websockets does",
    "ws.net.ipv6": "it listens on one address at a time",
}
WITHOUT_DEFECT = NOWHERE | {
    "ws.hs.auth-right": NOBODY,
    "ws.hs.auth-basic": NOBODY,
    "ws.hs.auth-token": NOBODY,
    "ws.hs.auth-mtls": NOBODY,
    "ws.tls.wss-ok": NOBODY,
    "ws.nbd.replies-out-of-order": "of the NBD client",
    "ws.nbd.unknown-handle": "of the NBD client",
    "ws.nbd.slow-reply-29s": SLOW,
    "ws.nbd.slow-reply-31s": SLOW,
    "ws.hs.slowloris-header": SLOW,
    "ws.ctl.server-keepalive": SLOW,
    "ws.ctl.keepalive-no-pong": SLOW,
    "ws.net.keepalive-idle": SLOW,
}

UNSEEN = set(NOWHERE) | {case for case, why in WITHOUT_DEFECT.items()
                         if why == SLOW}


def levels():
    """{case id: its level} of ws-server, in the order of a run"""
    listed = subprocess.run([ours("vmedia-conform"), "list", "ws.*"],
                            check=True, capture_output=True, text=True).stdout
    return dict(line.split()[:2] for line in listed.splitlines()
                if not line.startswith("ws.clt."))


def ids():
    return list(levels())


@contextlib.contextmanager
def target(server, directory, *options):
    """What tells vmedia-conform of one of SERVERS, with more options."""
    command = [ours("vmedia-ws-reference"), "--listen", "127.0.0.1:{port}",
               *options, *SERVERS[server]]
    if server in ("credentials", "token"):
        secret = directory / "secret"
        secret.write_text("secret")
        command[2] = "127.0.0.1:0"
        with Program(*command) as started:
            url = started.wait_for(r"listening on (ws://\S+)")[1]
            yield [url, *(["--token-file", secret] if server == "token" else
                          ["--user", "conform", "--password-file", secret])]
    elif server in OFFERS:
        profile = directory / "reference.toml"
        profile.write_text(f"[[mode]]\noffers = {json.dumps(OFFERS[server])}\n"
                           f"line = {json.dumps(shlex.join(command))}\n"
                           'path = "/"\nsecond-path = "/1"\n')
        yield ["--profile", profile]
    else:
        path = ["--path", "/1"] if server == "path" else []
        yield ["--spawn", shlex.join(command), *path]


def found(server, cases, directory, *options, patience=1.0):
    """{case id: (its verdict, what was seen)} of @cases"""
    only = [word for case in cases for word in ("--only", case)]
    if SOON.intersection(cases):
        only.append("--slow")
    with target(server, directory, *options) as told:
        seen, _ = report(directory, *told, *only, suite="ws-server",
                         patience=patience)
    # --only takes a beginning, too
    return {case["id"]: (case["verdict"], case["reason"] or case["got"])
            for case in seen["cases"] if case["id"] in cases}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """{case id: (the first of SERVERS to which it applies, what it says)}"""
    require("nbdkit", "nbdkit")
    left = [case for case in ids() if case not in UNSEEN]
    said = {}
    for server in SERVERS:
        mine = [case for case in left
                if SHOWS_WITH.get(case, (server,))[0] == server]
        seen = found(server, mine, tmp_path_factory.mktemp("plain"))
        applies = {case: seen[case] for case in mine
                   if seen[case][0] != "not applicable"}
        wrong = {case: verdict for case, verdict in applies.items()
                 if verdict[0] not in ("pass", "info")}
        assert wrong == {}, server
        said |= {case: (server, *verdict) for case, verdict in applies.items()}
        left = [case for case in left if case not in said]
    assert left == [], "applies to none of SERVERS"
    return said


def test_every_case_passes_without_a_defect(plain):
    assert sorted(plain) == sorted(set(ids()) - UNSEEN)


def test_every_case_has_a_defect_or_a_reason():
    listed = subprocess.run([ours("vmedia-ws-reference"), "--list-defects"],
                            check=True, capture_output=True, text=True).stdout
    left = set(ids()) - set(listed.split())
    assert left <= set(WITHOUT_DEFECT) <= set(ids())


@pytest.fixture(scope="module")
def with_defect(request, plain, tmp_path_factory):
    """{case id: what will be seen with its defect}, of all cases that are
    asked for. Several at once, because most of the time goes into waiting for
    servers that are silent. A part of the usual time will do for that."""
    def find(case, directory):
        return found(plain[case][0], [case], directory, "--defect", case,
                     patience=0.3)[case]

    cases = [item.callspec.params["case"] for item in request.session.items
             if item.originalname == test_its_defect_is_found.__name__]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        yield {case: pool.submit(find, case, tmp_path_factory.mktemp("defect"))
               for case in cases}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("case, level", [
    (case, level) for case, level in levels().items()
    if case not in WITHOUT_DEFECT])
def test_its_defect_is_found(case, level, plain, with_defect):
    verdict, said = with_defect[case].result()
    if level == "may" and verdict == "info":
        assert said != plain[case][2]  # it is told what the server does
    else:
        assert verdict in (("fail",) if level == "must" else ("warn", "fail"))
