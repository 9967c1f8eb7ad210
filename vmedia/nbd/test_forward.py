# SPDX-License-Identifier: Apache-2.0
"""The forward export in front of a real nbdkit that fails in real ways."""

import os
import random
import socket
import threading

import pytest

from fixtures.nbdkit import Nbdkit
from fixtures.program import Program, run
from fixtures.tls_keys import keys, pki  # noqa: F401

nbd = pytest.importorskip("nbd")

SEED = int(os.environ.get("VMEDIA_SEED", "20261120"))
MIB = 1 << 20
EIO = "Input/output error"


@pytest.fixture
def content():
    print(f"seed {SEED}")
    return random.Random(SEED).randbytes(4 * MIB)


@pytest.fixture
def image(tmp_path, content):
    path = tmp_path / "disk.img"
    path.write_bytes(content)
    return path


@pytest.fixture
def upstream(tmp_path):
    with Nbdkit(tmp_path / "u") as started:
        yield started


@pytest.fixture
def forward(tmp_path):
    """forward(uri, *more): a running vmedia-nbd in front of it, a client."""
    servers = []

    def start(*parameters, options=()):
        server = Program("vmedia-nbd", "-f", "-U", tmp_path / "f", *options,
                         "forward", *parameters)
        servers.append(server.__enter__())
        uri = server.wait_for(r"listening on (\S+)")[1]
        client = nbd.NBD()
        client.connect_uri(uri)
        return server, client
    yield start
    for server in servers:
        server.__exit__(None)
        print(server.output)  # shown if the test failed


def lines_of(server):
    """What it told since it listens, without our name and the URI."""
    return [line.split(": ", 2)[2] for line in server.output.splitlines()[1:]]


def test_a_server_that_restarts_while_nobody_asks_goes_unnoticed_by_clients(
        upstream, forward, image, content):
    upstream.start("file", image)
    server, client = forward(upstream.uri)
    assert client.pread(512, 0) == content[:512]
    upstream.kill()
    upstream.start("file", image)
    assert client.pread(4 * MIB, 0) == content
    client.shutdown()
    assert server.stop() == 0
    assert lines_of(server) == [
        "the server ended the connection; connecting again at the next "
        "request", "connected again"]


def test_requests_in_flight_give_eio_and_the_next_one_connects_again(
        upstream, forward, image, content, tmp_path):
    log = tmp_path / "log"
    os.mkfifo(log)
    upstream.start("--filter=log", "--filter=delay", "file", image,
                   "rdelay=600", f"logfile={log}")
    arrived = open(log, encoding="utf-8")  # noqa: SIM115
    server, client = forward(upstream.uri)
    failures = []

    def ask(offset):
        own = nbd.NBD()
        own.connect_uri(f"nbd+unix:///?socket={tmp_path}/f")
        with pytest.raises(nbd.Error) as failure:
            own.pread(512, offset)
        failures.append(failure.value.errno)
    # Four connections, so two requests wait for one of them.
    threads = [threading.Thread(target=ask, args=(512 * i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    reads = 0
    while reads < 4:
        reads += " Read id=" in arrived.readline()
    upstream.kill()
    for thread in threads:
        thread.join(30)
    arrived.close()
    assert failures == ["EIO"] * 6
    for _ in range(5):
        with pytest.raises(nbd.Error, match=EIO):
            client.pread(512, 0)
    upstream.start("file", image)
    assert client.pread(4 * MIB, 0) == content
    client.shutdown()
    assert server.stop() == 0
    told = lines_of(server)
    assert told[0] == ("the server ended the connection; connecting again at "
                       "the next request")
    assert told[1].startswith("not connected: nbd_")
    assert told[2:] == ["connected again"]


@pytest.mark.parametrize("back, why", [
    (["memory", "2M"], "it has 2097152 bytes, and had 4194304"),
    (["-r", "memory", "4M"], "it is read-only, and was writable"),
    (["--filter=multi-conn", "memory", "4M", "multi-conn-mode=disable"],
     "it no longer lets several connections share their flushes"),
    (["eval", "get_size=echo 4M", "pread=head -c $3 /dev/zero",
      "pwrite=cat >/dev/null", "trim=exit 0", "can_trim=exit 3"],
     "it cannot trim, and could"),
], ids=["size", "read-only", "multi-conn", "no-trim"])
def test_what_comes_back_changed_is_refused_until_it_is_as_before(
        upstream, forward, back, why):
    first = ["memory", "4M"]
    if "eval" in back:
        first = back[:-1] + ["can_trim=exit 0"]
    upstream.start(*first)
    server, client = forward(upstream.uri)
    assert client.pread(512, 0) == bytes(512)
    upstream.kill()
    upstream.start(*back)
    for _ in range(3):
        with pytest.raises(nbd.Error, match=EIO):
            client.pread(512, 0)
    upstream.kill()
    upstream.start(*first)
    assert client.pread(512, 0) == bytes(512)
    client.shutdown()
    assert server.stop() == 0
    assert lines_of(server)[1:] == [
        f"came back changed: {why}; requests fail until it is as before, or "
        "start again", "connected again"]


def test_a_flush_does_not_lie_about_writes_that_went_with_the_server(
        upstream, forward):
    upstream.start("memory", "1M")
    server, client = forward(upstream.uri)
    client.pwrite(b"x" * 512, 0)
    client.flush()
    client.pwrite(b"y" * 512, 0)
    upstream.kill()
    upstream.start("memory", "1M")
    with pytest.raises(nbd.Error, match=EIO):
        client.flush()
    client.flush()  # told once, as fsync(2) does
    upstream.kill()
    upstream.start("memory", "1M")
    client.flush()  # nothing was written since
    client.shutdown()
    assert server.stop() == 0
    lost = "what was not flushed may be lost"
    assert [lost in line for line in lines_of(server)] == [
        True, False, False, False]


def silent(path):
    """Something that listens, and never says a word."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(16)
    return listening


def test_a_server_that_hangs_costs_a_request_its_time_out(
        upstream, forward, image, content):
    upstream.start("--filter=delay", "file", image, "rdelay=600")
    server, client = forward(upstream.uri, "timeout=1")
    with pytest.raises(nbd.Error, match=EIO):
        client.pread(512, 512)
    upstream.kill()
    with silent(upstream.path), pytest.raises(nbd.Error, match=EIO):
        client.pread(512, 512)
    os.unlink(upstream.path)
    upstream.start("file", image)
    assert client.pread(4 * MIB, 0) == content
    client.shutdown()
    assert server.stop() == 0
    assert lines_of(server) == [
        "no answer within 1 s; connecting again at the next request",
        "not connected: the handshake is not over in time; check that an NBD "
        "server listens there, or give it more time: timeout=SECONDS",
        "connected again"]


def test_an_error_of_the_server_is_passed_on_and_costs_no_connection(
        upstream, forward, image, content):
    upstream.start("--filter=error", "file", image, "error-pread=EPERM",
                   "error-pread-rate=50%")
    server, client = forward(upstream.uri)
    seen = set()
    for i in range(64):
        try:
            assert client.pread(512, 512 * i) == content[512 * i:][:512]
            seen.add("data")
        except nbd.Error as error:
            seen.add(error.errno)
    assert seen == {"data", "EPERM"}
    client.shutdown()
    assert server.stop() == 0
    assert lines_of(server) == []


def test_a_hung_server_at_the_start_is_one_line(tmp_path):
    with silent(tmp_path / "u"):
        uri = f"nbd+unix:///?socket={tmp_path}/u"
        done = run("vmedia-nbd", "-f", "-U", tmp_path / "f", "forward", uri,
                   "timeout=1")
    assert done.returncode == 1
    assert done.stderr == (
        f"vmedia-nbd: {uri}: the handshake is not over in time; check that an "
        "NBD server listens there, or give it more time: timeout=SECONDS\n")


@pytest.mark.parametrize(
    "timeout", ["0", "", "x", "3601", "-1", "1.5", "9" * 30])
def test_a_bad_time_out_is_one_line(timeout, tmp_path):
    done = run("vmedia-nbd", "-f", "-U", tmp_path / "f", "forward",
               "nbd+unix:///?socket=/no/such", f"timeout={timeout}")
    assert (done.returncode, done.stderr) == (
        2, f"vmedia-nbd: timeout={timeout} is no time-out; give whole "
           "seconds, 1 to 3600\n")


def secured_uri(upstream, security, keys, pki):
    if security == "psk":
        return upstream.uri.replace("nbd+unix://", "nbds+unix://alice@") + \
            f"&tls-psk-file={keys}/keys.psk"
    return upstream.uri.replace("nbd+unix:", "nbds+unix:").replace(
        "unix:///", "unix://localhost/") + f"&tls-certificates={pki}"


@pytest.mark.parametrize("security", ["psk", "x509"])
def test_an_upstream_with_tls_is_named_by_its_uri(
        upstream, forward, image, content, keys, pki, security):  # noqa: F811
    credentials = [f"--tls-psk={keys}/keys.psk"] if security == "psk" else [
        f"--tls-certificates={pki}", "--tls-verify-peer"]
    upstream.start("--tls=require", *credentials, "file", image)
    server, client = forward(secured_uri(upstream, security, keys, pki))
    assert client.pread(4 * MIB, 0) == content
    client.pwrite(b"w" * 100000, 4097)
    client.flush()
    upstream.kill()  # and TLS is there again after a reconnect
    upstream.start("--tls=require", *credentials, "file", image)
    assert client.pread(100000, 4097) == b"w" * 100000
    client.shutdown()
    assert server.stop() == 0
    assert image.read_bytes() == content[:4097] + b"w" * 100000 + \
        content[104097:]


def test_an_upstream_that_does_not_know_us_is_one_line(
        upstream, tmp_path, image, keys, pki):  # noqa: F811
    upstream.start("--tls=require", f"--tls-psk={keys}/keys.psk", "file", image)
    psk = secured_uri(upstream, "psk", keys, pki)
    rows = [
        (psk.replace("alice@", "eve@"), "eve"),
        (psk.replace("keys.psk", "none.psk"), "none.psk"),
        (secured_uri(upstream, "x509", keys, pki), "gnutls_handshake"),
        (upstream.uri, "TLS"),
    ]
    for uri, text in rows:
        done = run("vmedia-nbd", "-f", "-U", tmp_path / "f", "forward", uri)
        assert done.returncode in (1, 2), done.stderr
        assert done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith(f"vmedia-nbd: {uri}: "), done.stderr
        assert text in done.stderr, done.stderr
        assert not (tmp_path / "f").exists()


def test_an_oldstyle_server_gets_newstyle_and_tls_in_front(
        upstream, tmp_path, image, content, keys):  # noqa: F811
    upstream.start("-o", "file", image)
    with Program("vmedia-nbd", "-f", "-v", "-U", tmp_path / "f",
                 "--tls=require", "--tls-psk", keys / "keys.psk", "-e", "cd",
                 "forward", upstream.uri) as server:
        server.wait_for("listening on")
        done = run("nbdcopy", f"nbds+unix://alice@/cd?socket={tmp_path}/f"
                   f"&tls-psk-file={keys}/keys.psk", tmp_path / "copy")
        assert done.returncode == 0, done.stderr
        server.wait_for("secured by TLSv1.3")
        assert (tmp_path / "copy").read_bytes() == content
