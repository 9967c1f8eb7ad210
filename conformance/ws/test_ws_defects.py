# SPDX-License-Identifier: Apache-2.0
"""Each case can fail: it passes against our own reference as it is, and finds
the one defect that the server is told to have."""

import concurrent.futures
import pathlib
import shlex
import subprocess

import pytest

from conformance.nbd.conform import verdicts
from fixtures.program import Program, ours
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


def cases():
    """{case id: its level}, in the order of a run"""
    listed = subprocess.run([ours("vmedia-conform"), "list", "ws.*"],
                            check=True, capture_output=True, text=True).stdout
    return dict(line.split()[:2] for line in listed.splitlines())


def defects():
    listed = subprocess.run([ours("vmedia-ws-reference"), "--list-defects"],
                            check=True, capture_output=True, text=True).stdout
    return set(listed.split())


ECHO = ["--echo"]
TEXT = ["--text", "accept", "--echo"]
NBD_SERVER = ["--", "nbdkit", "-s", "memory", "1M"]
NBD_CLIENT = ["--", "/usr/bin/python3", "-c", READER]
ENDS = ["--", "sh", "-c", "exit 3"]
USER = ["--user", "conform:secret", "--echo"]
PATHS = ["--slots", "2", "--echo"]
# No one server has all that some case is about: the first that has it.
SERVERS = [ECHO, NBD_SERVER, NBD_CLIENT, ENDS, USER]


@pytest.fixture(scope="module")
def target(tmp_path_factory, ):
    pass
