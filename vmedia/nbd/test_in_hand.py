# SPDX-License-Identifier: Apache-2.0
"""Requests of one client that are in hand together."""

import contextlib
import os
import random
import socket
import struct
import time

import pytest

from fixtures.program import Program

SEED = int(os.environ.get("VMEDIA_SEED", "20261121"))
MIB = 1024 * 1024

nbd = pytest.importorskip("nbd")


@pytest.fixture
def sock(tmp_path):
    return tmp_path / "nbd.sock"


def connected(sock):
    handle = nbd.NBD()
    handle.connect_unix(str(sock))
    return handle


def wait(handle, cookies):
    """Waits for all; gives them in the order in which they were answered."""
    order = []
    while len(order) < len(cookies):
        handle.poll(-1)
        order += [c for c in cookies
                  if c not in order and handle.aio_command_completed(c)]
    return order


def test_a_request_that_waits_does_not_hold_up_the_next(sock):
    with Program("vmedia-nbd", "-f", "-U", sock,
                 "--fault", "delay 2s read at 1", "pattern", "1M") as server:
        server.wait_for("listening on")
        handle = connected(sock)
        late = handle.aio_pread(nbd.Buffer(512), 0)
        soon = handle.aio_pread(nbd.Buffer(512), 4096)
        assert wait(handle, [late, soon]) == [soon, late]


def test_one_at_a_time_keeps_the_order(sock):
    with Program("vmedia-nbd", "-f", "-U", sock, "--requests", "1",
                 "--fault", "delay 200ms read at 1", "pattern", "1M") as server:
        server.wait_for("listening on")
        handle = connected(sock)
        late = handle.aio_pread(nbd.Buffer(512), 0)
        soon = handle.aio_pread(nbd.Buffer(512), 4096)
        assert wait(handle, [late, soon]) == [late, soon]


@pytest.mark.parametrize("limit", [("--requests", "2"),
                                   ("--bytes-in-hand", "65536")])
def test_no_more_than_the_limit_are_in_hand(sock, limit):
    """Of four that take 300 ms each, two at a time take 600 ms or more."""
    with Program("vmedia-nbd", "-f", "-U", sock, *limit,
                 "--fault", "delay 300ms", "pattern", "1M") as server:
        server.wait_for("listening on")
        handle = connected(sock)
        start = time.monotonic()
        wait(handle, [handle.aio_pread(nbd.Buffer(32768), 0)
                      for _ in range(4)])
        assert time.monotonic() - start >= 0.6


def test_disconnect_waits_for_what_is_in_hand(sock):
    with Program("vmedia-nbd", "-f", "-v", "-U", sock,
                 "--fault", "delay 300ms", "memory", "1M") as server:
        server.wait_for("listening on")
        handle = connected(sock)
        cookies = [handle.aio_pwrite(nbd.Buffer.from_bytearray(
            bytearray(b"x" * 512)), i * 512) for i in range(8)]
        handle.aio_disconnect()
        wait(handle, cookies)
        server.wait_for(r"ended by NBD_CMD_DISC \(9 requests")
        assert server.stop() == 0


def test_an_end_is_quick_while_something_waits(sock):
    with Program("vmedia-nbd", "-f", "-U", sock,
                 "--fault", "delay 60s", "memory", "1M") as server:
        server.wait_for("listening on")
        handle = connected(sock)
        handle.aio_pread(nbd.Buffer(512), 0)
        handle.aio_pread(nbd.Buffer(512), 512)
        while handle.aio_get_direction() & nbd.AIO_DIRECTION_WRITE:
            handle.poll(-1)
        start = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - start < 30


@pytest.mark.parametrize("size", [4096, 65536, 262144, 524288, 524289, MIB])
@pytest.mark.parametrize("plugin", ["file", "overlay file", "memory",
                                    "forward"])
def test_many_at_once_leave_the_right_content(sock, tmp_path, size, plugin):
    """Writes and reads in flight, each block touched by one of them."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    blocks = 24
    content = bytearray(chance.randbytes(blocks * size))
    image = tmp_path / "disk.img"
    image.write_bytes(content)
    what = {"memory": ["memory", str(blocks * size)],
            "forward": ["forward", f"nbd+unix:///?socket={tmp_path}/up"]}.get(
                plugin, [*plugin.split(), str(image)])
    with contextlib.ExitStack() as stack:
        if plugin == "forward":
            upstream = stack.enter_context(Program(
                "vmedia-nbd", "-f", "-U", tmp_path / "up", "file", image))
            upstream.wait_for("listening on")
        server = stack.enter_context(
            Program("vmedia-nbd", "-f", "-U", sock, *what))
        server.wait_for("listening on")
        handle = connected(sock)
        if plugin == "memory":
            for i in range(blocks):
                handle.pwrite(bytes(content[i * size:(i + 1) * size]), i * size)
        for _ in range(3):
            order = list(range(blocks))
            chance.shuffle(order)
            cookies, buffers = [], {}
            for i in order[:blocks // 2]:
                fresh = bytearray(chance.randbytes(size))
                content[i * size:(i + 1) * size] = fresh
                cookies.append(handle.aio_pwrite(
                    nbd.Buffer.from_bytearray(fresh), i * size))
            for i in order[blocks // 2:]:
                buffers[i] = nbd.Buffer(size)
                cookies.append(handle.aio_pread(buffers[i], i * size))
            wait(handle, cookies)
            for i, buffer in buffers.items():
                assert buffer.to_bytearray() == content[i * size:(i + 1) * size]
        handle.flush()
        for i in range(blocks):
            assert handle.pread(size, i * size) == content[
                i * size:(i + 1) * size]
        handle.shutdown()
    if plugin in ("file", "forward"):
        assert image.read_bytes() == content


def test_a_long_write_in_small_pieces_is_whole(sock, tmp_path):
    """More pieces than a pipe has slots; and one that breaks off."""
    image = tmp_path / "disk.img"
    image.write_bytes(b"x" * MIB)
    data = random.Random(SEED).randbytes(131072)

    def write_at(offset):
        return struct.pack(">IHHQQI", 0x25609513, 0, 1, 7, offset, len(data))

    with Program("vmedia-nbd", "-f", "-U", sock, "file", image) as server:
        server.wait_for("listening on")
        with socket.socket(socket.AF_UNIX) as raw:
            raw.connect(str(sock))
            raw.recv(18, socket.MSG_WAITALL)
            raw.sendall(struct.pack(">IQII", 3, 0x49484156454F5054, 1, 0))
            raw.recv(10, socket.MSG_WAITALL)
            # The first one tells the server that long ones come.
            for _ in range(2):
                raw.sendall(write_at(4096))
                for at in range(0, len(data), 100):
                    raw.sendall(data[at:at + 100])
                assert raw.recv(16, socket.MSG_WAITALL) == struct.pack(
                    ">IIQ", 0x67446698, 0, 7)
            raw.sendall(write_at(500000) + data[:65536])
        handle = connected(sock)
        assert handle.pread(len(data), 4096) == data
        assert handle.pread(len(data), 500000) == b"x" * len(data)
