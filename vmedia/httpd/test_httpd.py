# SPDX-License-Identifier: Apache-2.0
"""vmedia-httpd as a whole program, over real TLS. The child is a stand-in for
nbd-proxy that obeys the test, but for the last tests, which run the real one."""

import contextlib
import json
import os
import pathlib
import random
import resource
import select
import signal
import socket
import subprocess
import sys
import threading

import pytest

from fixtures.loop_device import LoopDevice
from fixtures.program import DEADLINE_S, Program, ours, require, run
from fixtures.websocket_client import (PING, TEXT, WebSocketClient,
                                       basic, frame, request, tls_connect,
                                       upgrade_headers)

HERE = pathlib.Path(__file__).parent
CLIENT = HERE.parent / "proxy" / "stand_in_client.py"
ADMIN = {"Authorization": basic("admin", "secret")}
MIB = 1 << 20

# Obeys the first line that comes over its standard input.
STAND_IN = """
import os, signal, sys
word, _, rest = sys.stdin.buffer.raw.readline().decode().strip().partition(" ")
if word == "echo":
    while data := os.read(0, 65536):
        os.write(1, data)
elif word == "exit":
    status, _, text = rest.partition(" ")
    print(text, file=sys.stderr)
    sys.exit(int(status))
elif word == "idle":
    os.write(1, b"idle")
    signal.pause()
elif word == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(1, b"deaf")
    while True:
        signal.pause()
elif word == "say":
    os.write(1, rest.encode())
"""


@pytest.fixture(scope="module", name="secrets")
def _secrets(tmp_path_factory):
    """A certificate, its key, and a users file: admin with "secret"."""
    folder = tmp_path_factory.mktemp("s")
    openssl = require("openssl", "openssl")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
         "-days", "2", "-keyout", folder / "key.pem", "-out",
         folder / "cert.pem"], check=True, capture_output=True)
    made = subprocess.run([openssl, "passwd", "-6", "secret"], check=True,
                          capture_output=True, text=True)
    users = folder / "users"
    users.write_text(f"admin:{made.stdout}")
    users.chmod(0o600)
    return folder


class Bench:
    def __init__(self, folder, secrets):
        self.folder, self.secrets = folder, secrets
        self.proxy = folder / "nbd-proxy"
        (folder / "child.py").write_text(STAND_IN)
        self.proxy.write_text(f"#!/bin/sh\nexec {sys.executable} "
                              f'{folder}/child.py "$@"\n')
        self.proxy.chmod(0o755)
        self.config = folder / "config.json"
        self.config.write_text(json.dumps({"configurations": {
            "0": {"nbd-device": "/dev/nbd0"},
            "1": {"nbd-device": "/dev/nbd1"}}}))

    def arguments(self, *more):
        return [ours("vmedia-httpd"), "--listen", "127.0.0.1:0",
                "--certificate", self.secrets / "cert.pem",
                "--key", self.secrets / "key.pem",
                "--users", self.secrets / "users",
                "--proxy-config", self.config, "--nbd-proxy", self.proxy,
                *more]

    @contextlib.contextmanager
    def server(self, *more):
        with Program(*self.arguments(*more)) as program:
            port = program.wait_for(
                r"^vmedia-httpd: listening on https://127.0.0.1:(\d+), "
                r"slots (/nbd/\S+ ?)+$")[1]
            program.address = ("127.0.0.1", int(port))
            yield program
            assert program.stop() == 0, program.output
        assert self.children() == []

    def children(self):
        """The processes that were started for us and still run."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = entry.read_bytes().replace(b"\0", b" ").decode()
                if str(self.folder) in words and "vmedia-httpd" not in words:
                    found.append(words)
        return found


def connect(server, target="/nbd/0", pipelined=b"", **headers):
    client = WebSocketClient(server.address, target, {**ADMIN, **headers},
                             pipelined)
    assert client.status == 101, (client.status, client.body)
    return client


def status_of(server, target="/nbd/0", method="GET", **headers):
    return request(server.address, target, headers, method)[0]


@pytest.fixture(name="bench")
def _bench(tmp_path_factory, secrets):
    return Bench(tmp_path_factory.mktemp("h"), secrets)


@pytest.fixture(name="server")
def _server(bench):
    with bench.server() as server:
        yield server


# --- what is decided before the upgrade -------------------------------------

def test_answers_in_the_order_of_the_refusals(server):
    wrong = upgrade_headers(**{"Sec-WebSocket-Key": "short"})
    foreign = upgrade_headers(Origin="https://evil.example", **ADMIN)
    asked = {"target": "/nope"}
    assert status_of(server, **asked, **wrong) == 401
    assert status_of(server, **asked, **wrong, **ADMIN) == 404
    assert status_of(server, "/nbd/0", **ADMIN) == 426
    assert status_of(server, "/nbd/0", **wrong, **ADMIN) == 400
    assert status_of(server, "/nbd/0", **foreign) == 403
    holder = connect(server)
    assert status_of(server, "/nbd/0", **upgrade_headers(**ADMIN)) == 409
    assert status_of(server, "/nbd/0", **foreign) == 403
    holder.close()


def test_every_refusal_says_what_to_do_in_one_line(server):
    for target, headers in (("/", {}), ("/nope", ADMIN), ("/nbd/0", ADMIN)):
        _, got, body = request(server.address, target, headers)
        assert got["content-type"].startswith("text/plain")
        assert body.count("\n") == 1 and ";" in body


def test_no_child_is_started_for_a_refused_upgrade(bench, server):
    for headers in ({}, {"Authorization": basic("admin", "wrong")},
                    {**ADMIN, "Origin": "https://evil.example"}):
        client = WebSocketClient(server.address, "/nbd/0", headers,
                                 pipelined=frame(b"echo\n"))
        assert client.status in (401, 403)
        # W1: nothing that it sends afterwards is heard.
        assert client.next_frame() is None
    assert bench.children() == []
    assert "opened" not in server.output


@pytest.mark.parametrize("authorization", [
    None, "", "Basic", "Basic !!!", "Bearer x", basic("admin", "wrong"),
    basic("admin", ""), basic("nobody", "secret"), basic("", "secret"),
    basic("admin", "secret\0more")])
def test_wrong_credentials_are_401(server, authorization):
    status, headers, _ = request(server.address, "/",
                                 {"Authorization": authorization})
    assert status == 401
    assert headers["www-authenticate"].startswith('Basic realm="vmedia"')


def test_our_own_origin_may_open(server):
    host, port = server.address
    connect(server, Origin=f"https://{host}:{port}").close()


def test_lists_the_slots(server):
    holder = connect(server, "/nbd/1")
    status, _, body = request(server.address, "/", ADMIN)
    assert (status, body) == (200, "vmedia: virtual media slots\n"
                                   "/nbd/0 free\n/nbd/1 in use\n")
    holder.close()


def test_other_methods_are_405(server):
    assert status_of(server, "/", "POST", **ADMIN) == 405
    assert status_of(server, "/nbd/0", "DELETE", **ADMIN) == 405


def test_header_over_8_kib_is_431(server):
    assert status_of(server, "/", Cookie="x" * 9000) == 431


def test_what_is_not_http_is_400_and_plain_tcp_is_dropped(server):
    with tls_connect(server.address) as tls:
        tls.sendall(b"NBDMAGICIHAVEOPT\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 400 ")
    with socket.create_connection(server.address, DEADLINE_S) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while plain.recv(4096):
                pass
    assert status_of(server, "/", **ADMIN) == 200


def test_tls_1_1_is_refused(server):
    ran = run(require("openssl", "openssl"), "s_client", "-connect",
              "%s:%d" % server.address, "-tls1_1", "-cipher",
              "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in ran.stdout, ran.stdout


# --- the relay ---------------------------------------------------------------

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


def test_one_message_may_be_larger_than_any_buffer(server):
    data = random.Random(3).randbytes(3 * MIB)
    client = connect(server)
    client.send(b"echo\n")
    sender = threading.Thread(target=client.send, args=(data,))
    sender.start()
    assert client.receive(len(data)) == data
    sender.join(DEADLINE_S)
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


# --- how it ends -------------------------------------------------------------

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
        path = f"/proc/{server.pid}/task/{server.pid}/children"
        children = [os.pidfd_open(int(pid)) for pid in
                    pathlib.Path(path).read_text().split()]
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
        path = f"/proc/{server.pid}/task/{server.pid}/children"
        for pid in pathlib.Path(path).read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        server.wait_for("slot 0 is free again")


def test_silent_client_is_dead_in_time(bench):
    with bench.server("--idle-timeout", "1") as server:
        client = connect(server)
        client.send(b"echo\n")
        assert client.next_frame()[0] == PING  # and no pong comes
        server.wait_for("slot 0 is free again")


# --- bad input: one line, and no port is opened ------------------------------

def refused(bench, *more, text, status=None):
    ran = run(*bench.arguments(*more))
    assert ran.stderr == f"vmedia-httpd: {text}\n"
    assert ran.returncode == status if status else ran.returncode in (1, 2)


def test_port_in_use(bench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        refused(bench, "--listen", address, status=1,
                text=f"listening on {address}: Address already in use; "
                     "--listen names another address; port 0 is a free one")


def test_address_that_is_none(bench):
    refused(bench, "--listen", "8443", status=2,
            text="--listen 8443 is not ADDRESS:PORT; "
                 "such as 127.0.0.1:8443 or [::]:443")


def test_missing_certificate(bench):
    refused(bench, "--certificate", "/nonexistent", status=1,
            text="certificate /nonexistent: No such file or directory")


def test_key_of_another_certificate(bench):
    other = bench.folder / "other.pem"
    subprocess.run([require("openssl", "openssl"), "ecparam", "-name",
                    "prime256v1", "-genkey", "-noout", "-out", other],
                   check=True, capture_output=True)
    ran = run(*bench.arguments("--key", other))
    assert ran.returncode == 2
    assert ran.stderr.startswith(
        f"vmedia-httpd: key {other} is not the one of certificate ")
    assert ran.stderr.count("\n") == 1


def test_users_file_that_others_can_read(bench):
    users = bench.folder / "users"
    users.write_text("admin:x\n")
    users.chmod(0o640)
    refused(bench, "--users", users, status=2,
            text=f"users file {users} has mode 0640, others can get at its "
                 f"hashes; chmod 600 {users}")


def test_malformed_users_file(bench):
    users = bench.folder / "users"
    users.write_text("# ours\nadmin\n")
    users.chmod(0o600)
    refused(bench, "--users", users, status=2,
            text=f"users file {users}, line 2: wanted NAME:HASH")


def test_broken_proxy_configuration(bench):
    bench.config.write_text('{"configurations": {}}')
    refused(bench, status=2,
            text=f"{bench.config}: configurations is {{}}, wanted "
                 '{"0": {"nbd-device": "/dev/nbd0"}}')


def test_missing_nbd_proxy(bench):
    refused(bench, "--nbd-proxy", "no-such-proxy", status=2,
            text="no-such-proxy is missing (--nbd-proxy)")


# --- with the real nbd-proxy -------------------------------------------------

def test_real_nbd_proxy_from_the_web_socket_to_the_hook(bench):
    with LoopDevice(MIB) as disk:
        bench.config.write_text(json.dumps({"configurations": {
            "0": {"nbd-device": disk.path}}}))
        client_program = bench.folder / "nbd-client"
        client_program.write_text(
            f'#!/bin/sh\nexec {sys.executable} {CLIENT} "$@"\n')
        client_program.chmod(0o755)
        hook = bench.folder / "state"
        hook.write_text('#!/bin/sh\necho "hook: $1 $2 $NBD_SIZE"\n'
                        f'! test -e {bench.folder}/fail\n')
        hook.chmod(0o755)
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
            assert client.close_frame() == (1011, reason[:123])
