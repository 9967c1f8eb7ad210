# SPDX-License-Identifier: Apache-2.0
"""vmedia-httpd: what it carries between a client and nbd-proxy; the last test
runs the real one."""

import json
import pathlib
import random
import resource
import sys

import pytest

from fixtures.httpd import ADMIN, connect
from fixtures.loop_device import LoopDevice
from fixtures.nbd_proxy import MIB, STAND_IN
from fixtures.program import ours, write_script
from fixtures.websocket_client import (CLOSE, PING, PONG, WebSocketClient, frame,
                                       plain_connect)


def test_carries_every_byte_in_any_split(server):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    client = connect(server)
    client.send(b"echo\n")
    for _ in range(30):
        data = chance.randbytes(chance.choice((0, 1, 28, 4096, 150_000)))
        opcode, at = 2, 0
        while True:  # a message of any number of fragments
            size = chance.randint(1, 70_000)
            part = data[at:at + size]
            at += size
            client.tls.sendall(frame(part, opcode, fin=at >= len(data)))
            opcode = 0
            if at >= len(data):
                break
        assert client.receive(len(data)) == data
    client.close()


def test_frame_behind_the_upgrade_request_is_not_lost(server):
    client = connect(server, pipelined=frame(b"echo\n") + frame(b"early"))
    assert client.receive(5) == b"early"
    client.close()


def test_what_came_with_a_close_reaches_the_proxy(server):
    client = connect(server)
    client.tls.sendall(frame(b"exit 3 all ") + frame(b"of it\n") +
                       frame(b"\x03\xe8", CLOSE))
    server.wait_for("^all of it$")
    assert client.next_frame() == (CLOSE, b"\x03\xe8")


def test_a_frame_that_has_begun_holds_nothing_back(server):
    client = connect(server)
    client.tls.sendall(frame(b"echo\n") + frame(b"one"))
    assert client.receive(3) == b"one"
    whole = frame(bytes(1000) + b"two")
    client.tls.sendall(frame(b"", PING) + whole[:-3])
    assert client.next_frame()[0] == PONG
    assert client.receive(1000) == bytes(1000)
    client.tls.sendall(whole[-3:] + frame(b"three") + whole[:3])
    assert client.receive(8) == b"twothree"
    client.tls.sendall(whole[3:])
    assert client.receive(1003) == bytes(1000) + b"two"
    client.close()


def test_plain_carries_for_a_proxy_on_this_machine(bench):
    data = random.Random(4).randbytes(3 * MIB)
    with bench.server("--plain") as server:
        assert WebSocketClient(server.address, "/nbd/0",
                               connected=plain_connect).status == 401
        client = WebSocketClient(server.address, "/nbd/0", ADMIN,
                                 frame(b"echo\n") + frame(b"early"),
                                 plain_connect)
        assert client.status == 101
        assert client.receive(5) == b"early"
        client.tls.sendall(frame(data[:100_000], fin=False))
        assert client.receive(100_000) == data[:100_000]
        client.tls.sendall(frame(data[100_000:200_000], 0))
        assert client.receive(100_000) == data[100_000:200_000]
        client.send(b"are you there", PING)
        assert client.next_frame() == (10, b"are you there")
        client.close()


def test_a_piece_of_a_message_does_not_wait_for_the_rest(server):
    client = connect(server)
    client.send(b"echo\n")
    message = frame(bytes(range(200)) * 50)
    for cut in (1, 8, 9, 2000, 9000):  # within the header, behind it
        client.tls.sendall(message[:cut])
        arrives = max(0, cut - 8)
        assert client.receive(arrives) == (bytes(range(200)) * 50)[:arrives]
        client.tls.sendall(message[cut:])
        assert client.receive(10_000 - arrives) == (
            bytes(range(200)) * 50)[arrives:]
    client.close()


def test_one_message_may_be_larger_than_any_buffer(server):
    data = random.Random(3).randbytes(3 * MIB)
    client = connect(server)
    client.send(b"echo\n")
    assert client.exchange(data, len(data)) == data
    client.close()


def test_pings_are_answered(server):
    client = connect(server)
    client.send(b"are you there", PING)
    assert client.next_frame() == (10, b"are you there")
    client.close()


def test_second_client_can_not_touch_the_first(server):
    holder = connect(server)
    holder.send(b"echo\n")
    other = WebSocketClient(server.address, "/nbd/0", ADMIN,
                            pipelined=frame(b"injected"))
    assert other.status == 409
    assert other.body == ("slot 0 is in use; close its session first\n")
    holder.send(b"mine")
    assert holder.receive(4) == b"mine"
    holder.close()


def test_both_slots_at_once(server):
    clients = [connect(server, f"/nbd/{slot}") for slot in (0, 1)]
    for client in clients:
        client.send(b"echo\n")
    for i, client in enumerate(clients):
        client.send(b"%d" % i)
    for i, client in enumerate(clients):
        assert client.receive(1) == b"%d" % i
        client.close()


def resident(pid):
    pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def fill_and_vanish(server, line):
    client = connect(server)
    client.send(line)
    before = resident(server.pid)
    client.tls.settimeout(1)  # how long "it takes no more" must last
    with pytest.raises(TimeoutError):
        for _ in range(64):
            client.tls.sendall(frame(bytes(MIB)))
    assert resident(server.pid) - before < 16 * MIB
    client.vanish(reset=True)
    server.wait_for("slot 0 is free again: 1006", timeout=5)


def test_child_that_does_not_read_bounds_our_memory(bench):
    with bench.server("--child-grace", "0.2") as server:
        fill_and_vanish(server, b"idle\n")


def test_client_that_does_not_read_bounds_our_memory(server):
    fill_and_vanish(server, b"echo\n")


# --- with the real nbd-proxy -------------------------------------------------

def test_real_nbd_proxy_from_the_web_socket_to_the_hook(bench):
    with LoopDevice(MIB) as disk:
        bench.config.write_text(json.dumps({"configurations": {
            "0": {"nbd-device": disk.path}}}))
        client_program = bench.folder / "nbd-client"
        write_script(client_program,
                     f'exec {sys.executable} {STAND_IN} "$@"')
        hook = bench.folder / "state"
        write_script(hook, 'echo "hook: $1 $2 $NBD_SIZE"\n'
                           f'! test -e {bench.folder}/fail')
        roots = [f"--nbd-proxy-arg=--config-file={bench.config}",
                 f"--nbd-proxy-arg=--state-hook={hook}",
                 f"--nbd-proxy-arg=--run-directory={bench.folder}",
                 f"--nbd-proxy-arg=--nbd-client={client_program}"]
        with bench.server("--nbd-proxy", ours("nbd-proxy"), *roots) as server:
            client = connect(server)
            client.send(f"change {disk.uevent}\n".encode())
            assert client.receive(8) == b"changed\n"
            server.wait_for("^nbd-proxy: state start 0 succeeded$")
            client.send(b"echo\n" + b"abc")
            assert client.receive(3) == b"abc"
            client.close()
            server.wait_for("^nbd-proxy: session ended: the far end closed")
            server.wait_for("slot 0 is free again")
            (bench.folder / "fail").touch()
            client = connect(server)
            client.send(f"change {disk.uevent}\n".encode())
            reason = ("nbd-proxy: session ended: state start 0 exited with "
                      f"status 1: hook: start 0 {MIB}; state stop 0 exited "
                      f"with status 1: hook: stop 0 {MIB}")
            code, told = client.close_frame()
            assert code == 1011 and len(told) <= 123
            assert f"{reason} ".startswith(f"{told} "), "cut between words"
            assert len(f"{told} {reason[len(told):].split()[0]}") > 123
