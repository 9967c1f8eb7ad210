# SPDX-License-Identifier: Apache-2.0
"""vmedia-nbd push: what a BMC may do to it, and what it tells its user."""

import contextlib
import os
import random
import signal
import socket

import pytest

from fixtures.program import Program, run
from fixtures.websocket_server import BINARY, CLOSE, PING, PONG, TEXT, \
    WebSocketServer

SEED = int(os.environ.get("VMEDIA_SEED", "20261120"))
GREETING = b"NBDMAGICIHAVEOPT\0\3"
EXPORT_NAME = bytes.fromhex("00000003") + b"IHAVEOPT" + \
    bytes.fromhex("00000001 00000000")
DISC = bytes.fromhex("25609513 0000 0002") + bytes(20)


def read_request(cookie, offset, size):
    return bytes.fromhex("25609513 0000 0000") + cookie.to_bytes(8, "big") + \
        offset.to_bytes(8, "big") + size.to_bytes(4, "big")


@pytest.fixture
def image(tmp_path):
    print(f"seed {SEED}")
    path = tmp_path / "medium.iso"
    path.write_bytes(random.Random(SEED).randbytes(300 * 1024))
    return path


@pytest.fixture
def bmc():
    with WebSocketServer() as server:
        yield server


@contextlib.contextmanager
def pushing(bmc, *arguments, **options):
    with Program("vmedia-nbd", "push", *arguments, **options) as push:
        try:
            yield push
        finally:
            bmc.drop()  # or its end would wait for an answer to its Close


def negotiate(bmc, size):
    line, headers = bmc.upgrade()
    assert bmc.binary(18) == GREETING
    bmc.send(BINARY, EXPORT_NAME)
    told = bmc.binary(10)
    assert int.from_bytes(told[:8], "big") == size
    assert told[9] & 2, "a pushed medium is read-only unless asked"
    return line, headers


def test_serves_reads_until_the_bmc_disconnects(image, bmc):
    content = image.read_bytes()
    with pushing(bmc, image, bmc.url) as push:
        line, headers = negotiate(bmc, len(content))
        assert line == "GET /nbd/0 HTTP/1.1"
        assert "authorization" not in headers
        push.wait_for(r"^vmedia-nbd: WebSocket open ws://127.0.0.1")
        push.wait_for(r"^vmedia-nbd: NBD negotiated \(NBD_OPT_EXPORT_NAME")
        bmc.send(BINARY, read_request(7, 1000, 100000))
        reply = bmc.binary(16 + 100000)
        assert reply[8:16] == (7).to_bytes(8, "big")
        assert reply[16:] == content[1000:101000]
        bmc.send(BINARY, DISC)
        assert bmc.frame() == (CLOSE, (1000).to_bytes(2, "big"))
        bmc.close(1000)
        assert push.wait() == 0
        push.wait_for(r"served 100000 bytes of reads in 2 requests")


def test_the_cut_of_messages_means_nothing(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        bmc.upgrade()
        bmc.binary(18)
        for byte in EXPORT_NAME:
            bmc.send(BINARY, bytes((byte,)))
            bmc.send(BINARY)
        bmc.binary(10)
        bmc.send(BINARY, read_request(1, 0, 1) + read_request(2, 1, 1) + DISC)
        bmc.binary(17 * 2)
        assert bmc.frame()[0] == CLOSE
        bmc.close(1000)
        assert push.wait() == 0


def test_no_message_is_longer_than_bmcweb_takes(image, bmc):
    """bmcweb drops the connection at 131089 bytes."""
    with pushing(bmc, image, bmc.url):
        negotiate(bmc, image.stat().st_size)
        bmc.send(BINARY, read_request(1, 0, 300 * 1024))
        received = 0
        while received < 16 + 300 * 1024:
            _, payload = bmc.frame()
            assert len(payload) <= 131088
            received += len(payload)


def test_answers_a_ping(image, bmc):
    with pushing(bmc, image, bmc.url):
        negotiate(bmc, image.stat().st_size)
        bmc.send(PING, b"are you there")
        assert bmc.frame() == (PONG, b"are you there")


def test_credentials_go_as_basic_authorization(image, bmc, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("0penBmc:€\n")
    with pushing(bmc, image, bmc.url, "--user", "root",
                 "--password-file", secret):
        _, headers = bmc.upgrade()
        # printf 'root:0penBmc:€' | base64
        assert headers["authorization"] == "Basic cm9vdDowcGVuQm1jOuKCrA=="


def test_a_password_comes_from_standard_input(image, bmc):
    read_end, write_end = os.pipe()
    os.write(write_end, b"0penBmc\n")
    os.close(write_end)
    with pushing(bmc, image, bmc.url, "-u", "root",
                 "--password-file", "-", stdin=read_end):
        _, headers = bmc.upgrade()
        assert headers["authorization"] == "Basic cm9vdDowcGVuQm1j"
    os.close(read_end)


def test_ctrl_c_says_goodbye(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        negotiate(bmc, image.stat().st_size)
        push.wait_for("NBD negotiated")
        push.process.send_signal(signal.SIGINT)
        assert bmc.frame() == (CLOSE, (1001).to_bytes(2, "big") +
                               b"stopped by the user")
        bmc.close(1001)
        assert push.wait() == 130
        push.wait_for("stopped; the medium is ejected")


def test_ctrl_c_does_not_wait_for_a_dead_bmc(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        negotiate(bmc, image.stat().st_size)
        push.wait_for("NBD negotiated")
        push.process.send_signal(signal.SIGINT)
        assert push.wait() == 130  # the Close is never answered


def test_a_bmc_that_keeps_tcp_open_is_not_waited_for(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        negotiate(bmc, image.stat().st_size)
        bmc.send(CLOSE, (1000).to_bytes(2, "big"))
        assert bmc.frame()[0] == CLOSE
        assert push.wait() == 0


def test_ctrl_c_while_connecting(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        bmc.accept()  # and no word after it
        push.process.send_signal(signal.SIGTERM)
        assert push.wait() == 130


@pytest.mark.parametrize("code, reason, status, text", [
    (1000, "ejected", 0, "the BMC ended the session: ejected"),
    (1001, "stopping", 1, "the BMC closed with 1001: stopping"),
    (1011, "state start 0: exit 1", 1,
     "the BMC closed with 1011: state start 0: exit 1"),
])
def test_how_the_bmc_closed_is_the_exit_status(
        image, bmc, code, reason, status, text):
    with pushing(bmc, image, bmc.url) as push:
        negotiate(bmc, image.stat().st_size)
        bmc.close(code, reason)
        assert push.wait() == status
        push.wait_for(text)


def test_a_lost_connection_is_no_success(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        negotiate(bmc, image.stat().st_size)
        bmc.connection.close()
        assert push.wait() == 1
        push.wait_for("the connection was lost without a WebSocket Close")


def test_a_text_message_is_refused(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        negotiate(bmc, image.stat().st_size)
        bmc.send(TEXT, b"hello")
        assert bmc.frame() == (CLOSE, (1003).to_bytes(2, "big") +
                               b"NBD travels in binary messages")
        bmc.close(1003)
        assert push.wait() == 1


def test_garbage_instead_of_nbd_is_refused(image, bmc):
    with pushing(bmc, image, bmc.url) as push:
        bmc.upgrade()
        bmc.binary(18)
        bmc.send(BINARY, b"GET / HTTP/1.1\r\n\r\n and more of it")
        opcode, payload = bmc.frame()
        assert (opcode, payload[:2]) == (CLOSE, (1002).to_bytes(2, "big"))
        bmc.close(1002)
        assert push.wait() == 1


@pytest.mark.parametrize("status, body, want", [
    ("401 Unauthorized", "give a user name and a password\n",
     "the server refused: 401 Unauthorized: give a user name and a password; "
     "check --user and --password-file"),
    ("404 Not Found", "", "the server refused: 404 Not Found; "
     "check the path, such as /nbd/0"),
    ("409 Conflict", "slot 0 is in use",
     "the server refused: 409 Conflict: slot 0 is in use"),
])
def test_a_refusal_is_told_in_the_servers_words(image, bmc, status, body, want):
    with pushing(bmc, image, bmc.url) as push:
        bmc.refuse(status, body)
        assert push.wait() == 1
        assert push.output == f"vmedia-nbd: {want}\n"


def test_a_silent_server_is_given_up(image, bmc):
    with pushing(bmc, image, bmc.url, "--timeout",
                 "1") as push:
        bmc.accept()
        assert push.wait() == 1
        push.wait_for(r"127\.0\.0\.1:\d+ did not answer within 1 s; "
                      "check the address, or give --timeout")


def test_the_host_writes_only_where_that_was_asked_for(image, bmc):
    write = bytes.fromhex("25609513 0000 0001") + bytes(16) + \
        (4).to_bytes(4, "big") + b"abcd"
    with pushing(bmc, "--writable", image, bmc.url):
        bmc.upgrade()
        bmc.binary(18)
        bmc.send(BINARY, EXPORT_NAME)
        assert bmc.binary(10)[9] & 2 == 0
        bmc.send(BINARY, write)
        assert bmc.binary(16) == bytes.fromhex("67446698") + bytes(12)
    assert image.read_bytes()[:4] == b"abcd"


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_bad_input_is_one_line(image, tmp_path):
    port = closed_port()
    empty = tmp_path / "empty.iso"
    empty.touch()
    rows = [
        (["/no/such.iso", "wss://bmc/nbd/0"], 1,
         "/no/such.iso: No such file or directory; "
         "check the path and its permissions"),
        ([tmp_path, "wss://bmc/nbd/0"], 2,
         f"{tmp_path}: is a directory; give an image file or a block device"),
        ([empty, "wss://bmc/nbd/0"], 2,
         f"{empty}: is empty (0 bytes); give an image with content"),
        ([image, "https://bmc/"], 2,
         "'https://bmc/' is not a ws:// or wss:// URL; "
         "write wss://HOST[:PORT]/nbd/0"),
        ([image, "wss://root:pw@bmc/nbd/0"], 2,
         "the URL holds a user name or password; "
         "give --user and --password-file instead"),
        ([image, f"ws://127.0.0.1:{port}/nbd/0"], 1,
         f"127.0.0.1 port {port}: Connection refused; "
         "check that the server runs and listens there"),
        ([image, "wss://bmc/nbd/0", "-u", "root"], 2,
         "--user is given, but no password; "
         "give --password-file FILE, or - for standard input"),
        ([image, "wss://bmc/nbd/0", "-u", "root", "--password-file",
          "/no/such"], 1,
         "/no/such: No such file or directory; give --password-file a file "
         "that holds the password in one line"),
        ([image, "wss://bmc/nbd/0", "-u", "root", "--password-file", empty],
         2, f"{empty}: holds no password; "
         "write the password in its first line"),
        ([image, "wss://bmc/nbd/0", "--ca-file", empty], 2, None),
        ([image], 2, "url is required; see vmedia-nbd push --help"),
    ]
    for arguments, status, text in rows:
        result = run("vmedia-nbd", "push", *arguments)
        assert result.returncode == status, arguments
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1, result.stderr
        if text:
            assert result.stderr == f"vmedia-nbd: {text}\n"
