# SPDX-License-Identifier: Apache-2.0
"""Memory of vmedia-nbd under clients that ask for much and take nothing."""

import contextlib
import re
import socket

import pytest

from fixtures.program import Program

MIB = 1 << 20
FLAGS = bytes.fromhex("00000003")
GO = b"IHAVEOPT" + bytes.fromhex("00000007 00000006 00000000 0000")


def request(command, length, cookie=1):
    return bytes.fromhex("25609513 0000") + command.to_bytes(2, "big") + \
        cookie.to_bytes(8, "big") + bytes(8) + length.to_bytes(4, "big")


def resident(server):
    """Bytes of memory that are the server's own."""
    with open(f"/proc/{server.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024


@pytest.fixture
def server(tmp_path):
    with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", "memory",
                 "8G") as running:
        running.wait_for("listening on")
        running.path = str(tmp_path / "s")
        yield running


@contextlib.contextmanager
def clients(server, count, negotiate=True):
    with contextlib.ExitStack() as stack:
        connected = []
        for _ in range(count):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.settimeout(20)
            client.connect(server.path)
            received(client, 18)
            client.sendall(FLAGS)
            if negotiate:
                client.sendall(GO)
                received(client, 20 + 12 + 20)
            connected.append(client)
        yield connected


def received(client, size):
    data = b""
    while len(data) < size:
        part = client.recv(size - len(data))
        assert part, f"the server left after {data!r}"
        data += part
    return data


def push(client, size):
    """Sends zeroes until all went or the server hung up; gives how many."""
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < size:
            sent += client.send(bytes(min(MIB, size - sent)))
    return sent


def still_serves(server):
    with clients(server, 1) as (client,):
        client.sendall(request(0, 512))
        assert received(client, 16 + 512)[16:] == bytes(512)


def test_unfinished_writes_of_a_gibibyte_cost_nothing(server):
    before = resident(server)
    with clients(server, 4) as four:
        for client in four:
            client.sendall(request(1, 1 << 30))
            push(client, 64 * MIB)
        assert resident(server) - before < 16 * MIB
    still_serves(server)


def test_unfinished_writes_of_32_mebibytes_cost_one_payload_each(server):
    before = resident(server)
    with clients(server, 4) as four:
        for client in four:
            client.sendall(request(1, 32 * MIB))
            assert push(client, 32 * MIB - 1) == 32 * MIB - 1
        # The payload and nothing else: none of it was stored.
        assert resident(server) - before < 4 * (32 + 4) * MIB
    still_serves(server)


def test_options_of_32_mebibytes_before_anything_cost_nothing(server):
    before = resident(server)
    with clients(server, 64, negotiate=False) as many:
        for client in many:
            client.sendall(b"IHAVEOPT" + (0x7777).to_bytes(4, "big") +
                           (32 * MIB).to_bytes(4, "big"))
            assert push(client, 4 * MIB) == 4 * MIB
        assert resident(server) - before < 64 * MIB
    still_serves(server)


def test_a_thousand_reads_that_nobody_takes_cost_one_reply(server):
    before = resident(server)
    with clients(server, 4) as four:
        for client in four:
            client.sendall(b"".join(request(0, 32 * MIB, n)
                                    for n in range(1000)))
            received(client, 16)  # it is at work
        assert resident(server) - before < 4 * (2 * 32 + 8) * MIB
    still_serves(server)


def test_more_clients_than_allowed_are_turned_away(tmp_path):
    with Program("vmedia-nbd", "-f", "-v", "-U", tmp_path / "s",
                 "--connections", "2", "memory", "1M") as server:
        server.wait_for("listening on")
        server.path = str(tmp_path / "s")
        with clients(server, 2), socket.socket(socket.AF_UNIX) as third:
            third.settimeout(20)
            third.connect(server.path)
            assert third.recv(1) == b""
            server.wait_for("a client was refused: 2 are connected, "
                            "which is the limit")


def test_a_client_that_has_hung_up_takes_no_place(tmp_path):
    with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", "--connections",
                 "1", "--fault", "delay 10s read", "memory", "1M") as server:
        server.wait_for("listening on")
        server.path = str(tmp_path / "s")
        with clients(server, 1) as (first,):
            first.sendall(request(0, 512))
        # The read goes on; its client does not.
        with socket.socket(socket.AF_UNIX) as second:
            second.settimeout(20)
            second.connect(server.path)
            assert second.recv(8) == b"NBDMAGIC"


def test_more_options_than_allowed_end_the_session(tmp_path):
    with Program("vmedia-nbd", "-f", "-v", "-U", tmp_path / "s",
                 "--options", "3", "memory", "1M") as server:
        server.wait_for("listening on")
        server.path = str(tmp_path / "s")
        unknown = b"IHAVEOPT" + bytes.fromhex("00007777 00000000")
        with clients(server, 1, negotiate=False) as (client,):
            for _ in range(3):
                client.sendall(unknown)
                header = received(client, 20)
                received(client, int.from_bytes(header[16:], "big"))
            client.sendall(unknown)
            assert client.recv(1) == b""
            server.wait_for("is more than this server takes")


def test_a_client_that_leaves_in_the_middle_of_a_file_ends_only_itself(
        tmp_path):
    """The data goes by sendfile(2), which would raise SIGPIPE."""
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(8 * MIB)
    with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", "file",
                 image) as server:
        server.wait_for("listening on")
        server.path = str(tmp_path / "s")
        for _ in range(3):
            with clients(server, 1) as [client]:
                client.sendall(request(0, 8 * MIB) * 16)
                received(client, MIB)
        with clients(server, 1) as [client]:
            client.sendall(request(0, 512))
            received(client, 16 + 512)
