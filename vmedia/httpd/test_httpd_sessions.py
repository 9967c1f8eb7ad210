# SPDX-License-Identifier: Apache-2.0
"""vmedia-httpd: how a session ends, and that its slot is free then."""

import os
import select
import signal
import socket

import pytest

from fixtures.httpd import ADMIN, connect, status_of
from fixtures.program import DEADLINE_S, Program
from fixtures.websocket_client import (BINARY, CLOSE, PING, PONG, TEXT,
                                       tls_connect, upgrade_headers)


def test_slot_is_free_after_each_way_to_go(server):
    for leave in (lambda client: client.close(),
                  lambda client: client.vanish(),
                  lambda client: client.vanish(reset=True)):
        client = connect(server)
        client.send(b"echo\n")
        client.send(b"x")
        assert client.receive(1) == b"x"
        before = server.output.count("slot 0 is free again")
        leave(client)
        server.wait_for("(?s)" + ".*slot 0 is free again" * (before + 1),
                        timeout=2)
    assert connect(server).close() == (1000, "")


def test_vanishing_in_every_state_leaves_nothing(bench, server):
    plain = socket.create_connection(server.address)
    plain.close()  # before TLS
    tls_connect(server.address).close()  # before the request
    with tls_connect(server.address) as tls:
        tls.sendall(b"GET /nbd/0 HTTP/1.1\r\nHost: x\r\n")  # amid it
    with tls_connect(server.address) as tls:  # while its password is hashed
        tls.sendall(b"GET /nbd/0 HTTP/1.1\r\nHost: x\r\n" + "".join(
            f"{name}: {value}\r\n"
            for name, value in upgrade_headers(**ADMIN).items()).encode()
            + b"\r\n")
    server.wait_for("slot 0 is free again")
    assert bench.children() == []
    connect(server).close()


def test_orderly_end_is_1000(server):
    client = connect(server)
    client.send(b"exit 0 all is well\n")
    assert client.close_frame() == (1000, "session ended")


def test_last_bytes_of_the_child_come_before_the_close(server):
    client = connect(server)
    client.send(b"say goodbye\n")
    assert client.receive(7) == b"goodbye"
    assert client.close_frame() == (1000, "session ended")


def test_failing_child_is_1011_with_its_last_line(server):
    client = connect(server)
    client.send(b"exit 3 nbd-proxy: session ended: no free UDC\n")
    assert client.close_frame() == (
        1011, "nbd-proxy: session ended: no free UDC")
    server.wait_for("^nbd-proxy: session ended: no free UDC$")


def test_long_reason_is_cut_to_what_a_close_frame_holds(server):
    client = connect(server)
    client.send(("exit 3 " + "é" * 100 + "\n").encode())
    assert client.close_frame() == (1011, "é" * 61)


def free_in_time(server, ended):
    """The slot is free although @ended still holds its TCP connection, and
    that is dropped. Our grace is 2 s; what else may end a session comes later:
    5 s for Beast's own timeout, 60 s for an idle client."""
    server.wait_for("slot 0 is free again", timeout=4)
    ended.drain()
    assert connect(server).close() == (1000, "")


# What makes the server close first, and the code that it sends.
THEIR_CLOSE = {"text": (b"hello", TEXT, 1003),
               "orderly end": (b"exit 0 bye\n", BINARY, 1000),
               "failing child": (b"exit 3 no\n", BINARY, 1011)}


@pytest.mark.parametrize("answers", [True, False],
                         ids=["answered", "not answered"])
@pytest.mark.parametrize("cause", THEIR_CLOSE)
def test_our_close_frees_the_slot_while_tcp_stays_open(server, cause, answers):
    payload, opcode, code = THEIR_CLOSE[cause]
    client = connect(server)
    client.send(payload, opcode)
    got, payload = client.next_frame()
    assert (got, payload[:2]) == (CLOSE, code.to_bytes(2, "big"))
    if answers:
        client.send(payload[:2], CLOSE)
    free_in_time(server, client)


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe9away"])
def test_their_close_frees_the_slot_while_tcp_stays_open(server, payload):
    client = connect(server)
    client.send(b"echo\n")
    client.send(payload, CLOSE)
    assert client.next_frame()[0] == CLOSE
    free_in_time(server, client)


def test_close_behind_unread_data_frees_the_slot(server):
    client = connect(server)
    client.send(b"flood\n")
    assert client.next_frame()[0] == BINARY  # and nothing more is read
    client.send(b"\x03\xe8", CLOSE)
    free_in_time(server, client)


def test_violation_frees_the_slot_while_tcp_stays_open(server):
    client = connect(server)
    client.tls.sendall(b"\x82\x01x")  # not masked
    assert client.next_frame() == (CLOSE, b"\x03\xea")
    free_in_time(server, client)


def test_stop_does_not_wait_for_clients_that_keep_tcp_open(server):
    clients = [connect(server, f"/nbd/{slot}") for slot in (0, 1)]
    for client in clients:
        client.send(b"echo\n")
    server.process.send_signal(signal.SIGTERM)
    for client in clients:
        opcode, payload = client.next_frame()
        assert (opcode, payload[:2]) == (CLOSE, b"\x03\xe9")
    assert server.wait(timeout=4) == 0


def test_text_is_1003(server):
    client = connect(server)
    client.send(b"hello", TEXT)
    code, reason = client.close_frame()
    assert (code, reason) == (1003,
                              "a text message came; NBD needs binary ones")
    server.wait_for("slot 0 is free again: 1003")


def test_unmasked_frame_is_1002(server):
    client = connect(server)
    client.tls.sendall(b"\x82\x01x")
    assert client.close_frame()[0] == 1002
    server.wait_for("slot 0 is free again")


def test_sigterm_is_1001_and_leaves_no_child(bench, server):
    clients = [connect(server, f"/nbd/{slot}") for slot in (0, 1)]
    for client in clients:
        client.send(b"echo\n")
        client.send(b"x")
        assert client.receive(1) == b"x"
    server.process.send_signal(signal.SIGTERM)
    for client in clients:
        assert client.close_frame() == (1001, "the server stops")
    assert server.wait() == 0
    assert bench.children() == []


def test_sigkill_leaves_no_child(bench):
    with Program(*bench.arguments()) as server:
        port = server.wait_for(r"https://127.0.0.1:(\d+)")[1]
        server.address = ("127.0.0.1", int(port))
        client = connect(server)
        client.send(b"idle\n")
        assert client.receive(4) == b"idle"
        children = [os.pidfd_open(pid) for pid in server.children()]
        assert children
        server.process.kill()
        for child in children:
            assert select.select([child], [], [], DEADLINE_S)[0]
            os.close(child)


def test_child_that_ignores_the_end_is_terminated_while_others_are_served(
        bench):
    with bench.server("--child-grace", "0.2") as server:
        client = connect(server)
        client.send(b"idle\n")
        assert client.receive(4) == b"idle"
        client.vanish()
        assert status_of(server, "/", **ADMIN) == 200
        server.wait_for("slot 0 is free again")
        connect(server).close()


def test_slot_stays_taken_until_the_child_has_ended(bench):
    with bench.server("--child-grace", "60") as server:
        client = connect(server)
        client.send(b"idle\n")
        assert client.receive(4) == b"idle"
        client.close()
        assert status_of(server, "/nbd/0", **upgrade_headers(**ADMIN)) == 409
        assert connect(server, "/nbd/1").close() == (1000, "")
        for pid in server.children():
            os.kill(pid, signal.SIGKILL)
        server.wait_for("slot 0 is free again")


def test_client_that_answers_pings_lives_on(bench):
    with bench.server("--idle-timeout", "1") as server:
        client = connect(server)
        client.send(b"echo\n")
        for _ in range(4):  # two of them would be too much without an answer
            opcode, payload = client.next_frame()
            assert opcode == PING
            client.send(payload, PONG)
        client.send(b"still here")
        assert client.receive(10) == b"still here"
        assert client.close() == (1000, "")


def test_silent_client_is_dead_in_time(bench):
    with bench.server("--idle-timeout", "1") as server:
        client = connect(server)
        client.send(b"echo\n")
        assert client.next_frame()[0] == PING  # and no pong comes
        server.wait_for("slot 0 is free again")
