# SPDX-License-Identifier: Apache-2.0
"""Reads that leave from the file itself: many small ones at once.

On tmpfs, where a file's holes can be filled by looking at them.
"""

import os
import pathlib
import random
import socket
import struct
import tempfile

import pytest

from fixtures.program import Program

SEED = int(os.environ.get("VMEDIA_SEED", "20261121"))
MIB = 1024 * 1024


@pytest.fixture
def shm():
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="vm") as name:
        yield pathlib.Path(name)


@pytest.fixture(params=["structured", "simple"])
def connect(request):
    nbd = pytest.importorskip("nbd")

    def connected(sock):
        handle = nbd.NBD()
        handle.set_request_structured_replies(request.param == "structured")
        handle.connect_unix(str(sock))
        return handle
    return connected


def read_at_once(handle, ranges):
    """All of them on the way before the first answer is looked at."""
    nbd = pytest.importorskip("nbd")
    buffers = [nbd.Buffer(length) for _, length in ranges]
    cookies = [handle.aio_pread(buffer, offset)
               for buffer, (offset, _) in zip(buffers, ranges)]
    errors = []
    for cookie in cookies:
        try:
            while not handle.aio_command_completed(cookie):
                handle.poll(-1)
            errors.append(0)
        except nbd.Error as error:
            errors.append(error.errno)
    return [bytes(b.to_bytearray()) for b in buffers], errors


def serve(sock, image):
    return Program("vmedia-nbd", "-f", "-U", sock, "file", image)


def test_content_is_exact_at_odd_offsets_and_sizes(shm, connect):
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    image = shm / "disk.img"
    image.write_bytes(chance.randbytes(4 * MIB + 777))
    content = image.read_bytes()
    with serve(shm / "s", image) as server:
        server.wait_for("listening on")
        handle = connect(shm / "s")
        for size in (1, 17, 512, 4096, 4097, 20000, 60000):
            ranges = [(chance.randrange(len(content) - size), size)
                      for _ in range(100)] + [(len(content) - size, size)]
            got, errors = read_at_once(handle, ranges)
            assert errors == [0] * len(ranges)
            for data, (offset, length) in zip(got, ranges):
                assert data == content[offset:offset + length], offset
        handle.shutdown()


def test_a_hole_that_is_read_stays_a_hole(shm, connect):
    image = shm / "disk.img"
    with open(image, "wb") as file:
        file.write(b"x" * MIB)
        file.truncate(32 * MIB)
    before = image.stat().st_blocks
    with serve(shm / "s", image) as server:
        server.wait_for("listening on")
        handle = connect(shm / "s")
        ranges = [(offset, 4096) for offset in range(0, 32 * MIB, 32768)]
        got, errors = read_at_once(handle, ranges)
        assert errors == [0] * len(ranges)
        for data, (offset, _) in zip(got, ranges):
            assert data == (b"x" if offset < MIB else b"\0") * 4096, offset
        handle.shutdown()
    assert image.stat().st_blocks == before


def test_what_is_written_is_read_at_once(shm, connect):
    image = shm / "disk.img"
    image.write_bytes(b"x" * MIB)
    with serve(shm / "s", image) as server:
        server.wait_for("listening on")
        handle = connect(shm / "s")
        ranges = [(i * 4096, 4096) for i in range(64)]
        assert read_at_once(handle, ranges)[0] == [b"x" * 4096] * 64
        handle.pwrite(b"y" * 64 * 4096, 0)
        assert read_at_once(handle, ranges)[0] == [b"y" * 4096] * 64
        handle.shutdown()


def test_a_file_that_became_shorter_gives_errors_not_an_end(shm, connect):
    image = shm / "disk.img"
    image.write_bytes(b"x" * MIB)
    with serve(shm / "s", image) as server:
        server.wait_for("listening on")
        handle = connect(shm / "s")
        ranges = [(i * 4096, 4096) for i in range(64)]
        read_at_once(handle, ranges)
        os.truncate(image, 8192)
        got, errors = read_at_once(handle, ranges)
        assert got[0] == b"x" * 4096 and errors[0] == 0
        assert all(errors[2:])
        again = connect(shm / "s")
        assert again.pread(4096, 0) == b"x" * 4096
        assert server.stop() == 0


@pytest.mark.parametrize("size", [4096, 262144])
def test_a_client_that_goes_with_replies_on_the_way_is_alone_in_that(
        shm, connect, size):
    image = shm / "disk.img"
    image.write_bytes(b"x" * MIB)
    with serve(shm / "s", image) as server:
        server.wait_for("listening on")
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(shm / "s"))
            raw.recv(18, socket.MSG_WAITALL)
            raw.sendall(struct.pack(">IQII", 3, 0x49484156454F5054, 1, 0))
            raw.recv(10, socket.MSG_WAITALL)
            # More than its socket holds, so that the server is sending.
            raw.sendall(b"".join(
                struct.pack(">IHHQQI", 0x25609513, 0, 0, i, 0, size)
                for i in range(max(64, 8 * MIB // size))))
            raw.recv(1)
        assert connect(shm / "s").pread(4096, 0) == b"x" * 4096
        assert server.stop() == 0
