# SPDX-License-Identifier: Apache-2.0
"""vmedia-ws-reference as a program: what it serves, how it ends, and that it
breaks no rule unless it is told to."""

import contextlib
import csv
import os
import pathlib
import socket
import struct
import time

import pytest

from fixtures.program import Program, require, run
from fixtures.tls_keys import pki  # noqa: F401
from fixtures.websocket_client import (CLOSE, PING, PONG,
                                       WebSocketClient, basic, frame, head,
                                       read_head, request, tls_connect,
                                       upgrade_headers)

CATALOGUE = pathlib.Path(__file__).parent / "catalogue" / "server.tsv"
# Of those no server is wrong by itself: what ends a session is outside of it,
# or is in NBD, or there has to be an extension first, or it serves nobody.
WITHOUT_DEFECT = {
    "ws.hs.auth-right", "ws.nbd.replies-out-of-order", "ws.nbd.slow-reply-29s",
    "ws.nbd.slow-reply-31s", "ws.nbd.unknown-handle", "ws.pmd.bomb",
    "ws.pmd.garbage-deflate", "ws.slot.delete-user-mid-session",
    "ws.slot.eject-closes", "ws.slot.logout-closes"}
FREE_S = 2  # after any end, a slot


class Reference(Program):
    def __init__(self, pki, *options):
        super().__init__("vmedia-ws-reference",
                         "--certificate", pki / "server-cert.pem",
                         "--key", pki / "server-key.pem", *options)

    @property
    def address(self):
        port = self.wait_for(r"listening on wss://127.0.0.1:(\d+)/")[1]
        return "127.0.0.1", int(port)

    def client(self, target="/", **options):
        return WebSocketClient(self.address, target, **options)

    def client_when_free(self, target="/"):
        """A client that has been let in, within the time a slot may take."""
        end = time.monotonic() + FREE_S
        while (client := self.client(target)).status == 409:
            client.tls.close()
            assert time.monotonic() < end, "the slot is still in use"
        assert client.status == 101
        return client


@pytest.fixture
def echo(pki):  # noqa: F811
    with Reference(pki, "--echo") as server:
        yield server


def test_every_defect_is_a_case():
    listed = run("vmedia-ws-reference", "--list-defects").stdout.split()
    with CATALOGUE.open() as lines:
        ids = [row["id"] for row in csv.DictReader(lines, delimiter="\t")]
    assert len(ids) == len(set(ids))
    assert set(listed) <= set(ids)
    assert set(ids) - set(listed) == WITHOUT_DEFECT


def test_echo(echo):
    client = echo.client()
    assert client.status == 101
    client.send(b"hello")
    assert client.receive(5) == b"hello"
    data = os.urandom(3 << 20)
    assert client.exchange(data[:1 << 20], 1 << 20) == data[:1 << 20]
    client.send(b"ping", PING)
    assert client.next_frame() == (PONG, b"ping")
    assert client.close() == (1000, "")
    echo.client_when_free().close()
    assert echo.stop() == 0


def test_data_with_the_request_is_echoed(echo):
    assert echo.client(pipelined=frame(b"early")).receive(5) == b"early"


def test_it_serves_plain_and_a_unix_socket(tmp_path):
    path = tmp_path / "ws.sock"
    with Program("vmedia-ws-reference", "--echo", "--unix", path) as server:
        server.wait_for(rf"listening on unix:{path}")
        with socket.socket(socket.AF_UNIX) as plain:
            plain.connect(str(path))
            plain.sendall(head(("localhost", 0), "/", upgrade_headers()) +
                          frame(b"abc"))
            status, headers, rest = read_head(plain)
            assert status == 101
            while len(rest) < 5:
                rest += plain.recv(100)
            assert rest == b"\x82\x03abc"
        assert server.stop() == 0
    assert not path.exists()


def test_wrong_frame_and_close_end_tcp(echo):
    for sent, code in ((frame(b"", opcode=3), 1002),
                       (frame(b"text", opcode=1), 1003),
                       (frame(struct.pack("!B", 3), CLOSE), 1002)):
        client = echo.client_when_free()
        client.tls.sendall(sent)
        opcode, payload = client.next_frame()
        assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", code))
        assert client.next_frame() is None, "the server ends TCP"
        client.tls.close()


def test_another_client_has_to_wait(echo):
    first = echo.client()
    second = echo.client()
    assert (second.status, second.body) == (409, "another client has it\n")
    first.send(b"mine")
    assert first.receive(4) == b"mine"


@pytest.mark.parametrize("reset", [False, True])
def test_slot_is_free_after_any_end(echo, reset):
    client = echo.client()
    client.send(b"some")
    assert client.receive(4) == b"some"
    client.vanish(reset)
    echo.client_when_free().close()


def test_slots_are_apart(pki):  # noqa: F811
    with Reference(pki, "--echo", "--slots", 2) as server:
        first, second = server.client("/"), server.client("/1")
        for client, data in ((first, b"one"), (second, b"two")):
            client.send(data)
            assert client.receive(3) == data
        assert request(server.address, "/2")[0] == 404


def test_who_may_come_in(pki):  # noqa: F811
    with Reference(pki, "--echo", "--user", "admin:secret",
                   "--guest", "guest:guest", "--token", "abc") as server:
        def status(**headers):
            client = server.client(headers=headers)
            if client.status == 101:
                client.close()
            return client.status
        assert status() == 401
        assert status(Authorization=basic("admin", "wrong")) == 401
        assert status(Authorization=basic("guest", "guest")) == 403
        assert status(Authorization=basic("admin", "secret")) == 101


def test_gateway_to_nbdkit(pki):  # noqa: F811
    require("nbdkit", "nbdkit")
    with Reference(pki, "--", "nbdkit", "-s", "memory", "1M") as server:
        client = server.client()
        greeting = client.receive(18)
        assert greeting[:16] == b"NBDMAGICIHAVEOPT"
        client.send(struct.pack("!I", 3))  # fixed newstyle, no zeroes
        client.send(b"IHAVEOPT" + struct.pack("!II", 1, 0))  # EXPORT_NAME
        size, _ = struct.unpack("!QH", client.receive(10))
        assert size == 1 << 20
        data = os.urandom(1 << 19)
        header = struct.pack("!IHHQQI", 0x25609513, 0, 1, 7, 4096, len(data))
        client.send(header + data)
        assert client.receive(16) == struct.pack("!IIQ", 0x67446698, 0, 7)
        header = struct.pack("!IHHQQI", 0x25609513, 0, 0, 8, 4096, len(data))
        client.send(header)
        assert client.receive(16) == struct.pack("!IIQ", 0x67446698, 0, 8)
        assert client.receive(len(data)) == data
        client.send(struct.pack("!IHHQQI", 0x25609513, 0, 2, 9, 0, 0))  # DISC
        opcode, payload = client.next_frame()  # and no empty message before
        assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 1000))
        client.tls.close()
        server.client_when_free().close()


def test_backend_that_fails(pki):  # noqa: F811
    with Reference(pki, "--", "sh", "-c", "head -c 3; exit 7") as server:
        client = server.client()
        client.send(b"abc")
        assert client.receive(3) == b"abc"
        assert client.close_frame() == (1011, "what is behind it ended with 7")
        client = server.client_when_free()
        assert client.status == 101


def test_backend_ends_with_its_client(pki, tmp_path):  # noqa: F811
    with Reference(pki, "--", "sh", "-c",
                   f"echo $$; cat; echo > {tmp_path}/ended") as server:
        client = server.client()
        assert client.receive(2)
        client.close()
        server.client_when_free().vanish()
        assert (tmp_path / "ended").exists()


def test_backend_that_takes_nothing_stops_its_client(pki):  # noqa: F811
    with Reference(pki, "--", "sleep", "1000") as server:
        client = server.client()
        client.tls.settimeout(1)
        with pytest.raises(TimeoutError):
            for _ in range(64):
                client.send(bytes(1 << 20))
        rss = pathlib.Path(f"/proc/{server.pid}/statm").read_text().split()[1]
        assert int(rss) * os.sysconf("SC_PAGE_SIZE") < 64 << 20
        assert server.stop() == 0


def test_silence_is_pinged_and_death_ends(pki):  # noqa: F811
    with Reference(pki, "--echo", "--keepalive", 0.2,
                   "--pong-timeout", 0.2) as server:
        client = server.client()
        opcode, payload = client.next_frame()
        assert opcode == PING
        client.send(payload, PONG)
        assert client.next_frame()[0] == PING
        assert client.close_frame() == (1011, "no pong came")


def test_request_that_never_ends(pki):  # noqa: F811
    with Reference(pki, "--echo", "--handshake-timeout", 0.2) as server:
        with tls_connect(server.address) as tls:
            tls.sendall(b"GET / HTTP/1.1\r\n")
            assert tls.recv(1) == b""


def test_sigterm_ends_all(pki):  # noqa: F811
    with Reference(pki, "--slots", 3, "--", "cat") as server:
        clients = [server.client(target) for target in ("/", "/1", "/2")]
        for client in clients:
            client.send(b"x")
            assert client.receive(1) == b"x"
        children = pathlib.Path(f"/proc/{server.pid}/task").glob("*/children")
        children = [int(pid) for file in children
                    for pid in file.read_text().split()]
        assert len(children) == 3
        server.process.terminate()
        for client in clients:
            assert client.close_frame() == (1001, "the server stops")
        assert server.wait() == 0
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 0)
                pytest.fail(f"{pid} is still there")


def test_sigterm_does_not_wait_for_ever(pki):  # noqa: F811
    with Reference(pki, "--echo", "--defect",
                   "ws.cls.never-reply") as server:
        server.client()
        assert server.stop() == 0


@pytest.mark.parametrize("options, line", [
    ([], "what to serve is missing; use --echo, or -- COMMAND"),
    (["--echo", "--", "cat"], "--echo and a COMMAND exclude another"),
    (["--echo", "--user", "me"], "--user 'me' is not NAME:PASSWORD"),
    (["--echo", "--defect", "x"], "no defect 'x'; --list-defects shows them"),
    (["--echo", "--unix", "x" * 108], "has 108 bytes; 107 is the most"),
    (["--echo", "--listen", "nowhere"], "nowhere"),
])
def test_bad_usage(options, line):
    ended = run("vmedia-ws-reference", *options)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert line in ended.stderr and ended.stderr.count("\n") == 1


def test_bmc_behind_it_asks(pki):  # noqa: F811
    """An NBD client is behind the server, and we are the medium."""
    with Reference(pki, "--", "/usr/bin/python3", "-c",  # Debian's has nbd
                   "import nbd; nbd.NBD().connect_socket(0)") as server:
        client = server.client()
        client.send(b"NBDMAGICIHAVEOPT\0\3")
        assert client.receive(4) == struct.pack("!I", 3)
        assert client.receive(8) == b"IHAVEOPT"
        client.send(b"no reply of an option")
        code, reason = client.close_frame()
        assert (code, reason[:24]) == (1011, "what is behind it ended ")


@pytest.mark.parametrize("defect", ["ws.slot.freed-after-fin",
                                    "ws.cls.tcp-fin-no-close"])
def test_defect_that_keeps_a_slot(pki, defect):  # noqa: F811
    with Reference(pki, "--echo", "--defect", defect) as server:
        server.client().vanish()
        server.wait_for("client 1: vanished")
        assert server.client().status == 409
        assert server.stop() == 0


def test_defect_that_lets_a_second_client_inject(pki):  # noqa: F811
    with Reference(pki, "--defect", "ws.slot.second-client-cannot-inject",
                   "--", "cat") as server:
        first, second = server.client(), server.client()
        second.send(b"injected")
        assert first.receive(8) == b"injected"
