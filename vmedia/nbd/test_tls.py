# SPDX-License-Identifier: Apache-2.0
"""TLS of vmedia-nbd with GnuTLS clients: libnbd, qemu, nbdkit."""

import os
import random
import socket
import urllib.parse

import pytest

from fixtures.program import Program, require, run
from fixtures.tls_keys import keys, pki  # noqa: F401

SEED = int(os.environ.get("VMEDIA_SEED", "20261120"))


@pytest.fixture
def image(tmp_path):
    print(f"seed {SEED}")
    path = tmp_path / "disk.img"
    path.write_bytes(random.Random(SEED).randbytes(3 * 1024 * 1024))
    return path


def serving(*arguments):
    return Program("vmedia-nbd", "-f", "-v", *arguments)


def listening(server):
    return server.wait_for(r"listening on (\S+)")[1]


def port_of(uri):
    return urllib.parse.urlsplit(uri).port


def psk_uri(sock, keys, user="alice"):
    return f"nbds+unix://{user}@/?socket={sock}&tls-psk-file={keys}/keys.psk"


def test_libnbd_copies_with_a_key(image, keys, tmp_path):
    nbdcopy = require("nbdcopy", "libnbd-bin")
    sock = tmp_path / "s"
    with serving("-U", sock, "--tls=require", "--tls-psk", keys / "keys.psk",
                 "-r", "file", image) as server:
        assert "TLS required" in server.wait_for("listening.*")[0]
        copy = tmp_path / "copy.img"
        done = run(nbdcopy, psk_uri(sock, keys), copy)
        assert done.returncode == 0, done.stderr
        assert copy.read_bytes() == image.read_bytes()
        # AES where the CPU has it: ChaCha20 is what makes others slow.
        server.wait_for(r"secured by TLSv1.3, TLS_(AES|CHACHA)\S+, alice")


def test_libnbd_writes_with_a_key_and_a_refused_write_stays_in_step(
        image, keys, tmp_path):
    nbd = pytest.importorskip("nbd")
    sock = tmp_path / "s"
    with serving("-U", sock, "--tls=require", "--tls-psk", keys / "keys.psk",
                 "file", image) as server:
        listening(server)
        handle = nbd.NBD()
        handle.set_strict_mode(0)
        handle.set_uri_allow_local_file(True)
        handle.connect_uri(psk_uri(sock, keys, "bob"))
        handle.pwrite(b"y" * 100000, 12345)
        assert handle.pread(100000, 12345) == b"y" * 100000
        with pytest.raises(nbd.Error, match="No space"):
            handle.pwrite(b"z" * 70000, 3 * 1024 * 1024 - 5)
        assert handle.pread(5, 12345) == b"yyyyy"
        handle.shutdown()


def test_qemu_img_reads_with_tls_creds_psk(image, keys, tmp_path):
    require("qemu-img", "qemu-utils")
    sock = tmp_path / "s"
    with serving("-U", sock, "--tls=require", "--tls-psk", keys / "keys.psk",
                 "-r", "file", image) as server:
        listening(server)
        copy = tmp_path / "copy.img"
        done = run("qemu-img", "convert", "--object",
                   f"tls-creds-psk,id=t,dir={keys},username=alice,"
                   "endpoint=client", "--image-opts",
                   f"driver=nbd,path={sock},tls-creds=t", "-O", "raw", copy)
        assert done.returncode == 0, done.stderr
        assert copy.read_bytes() == image.read_bytes()


def test_certificates_with_and_without_verification(image, pki, tmp_path):
    nbd = pytest.importorskip("nbd")
    for verify in ([], ["--tls-verify-peer"]):
        with serving("-p", "0", "--tls=require", "--tls-certificates", pki,
                     *verify, "-r", "file", image) as server:
            port = port_of(listening(server))
            handle = nbd.NBD()
            handle.set_tls(nbd.TLS_REQUIRE)
            handle.set_tls_certificates(str(pki))
            handle.connect_tcp("localhost", str(port))
            assert handle.pread(512, 0) == image.read_bytes()[:512]
            handle.shutdown()
            if verify:
                server.wait_for("secured by TLSv1.3.*CN ?= ?client")


def test_a_client_without_a_certificate_is_not_served(image, pki, tmp_path):
    nbd = pytest.importorskip("nbd")
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "ca-cert.pem").write_bytes((pki / "ca-cert.pem").read_bytes())
    with serving("-p", "0", "--tls=require", "--tls-certificates", pki,
                 "--tls-verify-peer", "-r", "file", image) as server:
        port = port_of(listening(server))
        handle = nbd.NBD()
        handle.set_tls(nbd.TLS_REQUIRE)
        handle.set_tls_certificates(str(alone))
        with pytest.raises(nbd.Error):
            handle.connect_tcp("localhost", str(port))
        server.wait_for("client 1: .*TLS handshake")


def test_wrong_key_and_unknown_user_look_the_same(image, keys, tmp_path):
    nbd = pytest.importorskip("nbd")
    sock = tmp_path / "s"
    other = tmp_path / "other"
    other.mkdir()
    for user in ("alice", "eve"):  # alice with another key; eve is unknown
        run("psktool", "-u", user, "-p", other / "keys.psk")
    (other / "keys.psk").chmod(0o600)
    told = []
    with serving("-U", sock, "--tls=require", "--tls-psk", keys / "keys.psk",
                 "-r", "file", image) as server:
        listening(server)
        for user in ("alice", "eve"):
            handle = nbd.NBD()
            handle.set_uri_allow_local_file(True)
            with pytest.raises(nbd.Error) as refused:
                handle.connect_uri(psk_uri(sock, other, user))
            told.append(str(refused.value))
            server.wait_for(f"client {len(told)}: .*TLS handshake")
    assert told[0] == told[1]
    assert "handshake" in told[0]


def test_without_tls_nothing_is_told_but_that_it_is_required(
        image, keys, tmp_path):
    """proto.md, FORCEDTLS: not one byte of the export, not its size."""
    sock = tmp_path / "s"
    with serving("-U", sock, "--tls=require", "--tls-psk", keys / "keys.psk",
                 "-r", "file", image) as server:
        listening(server)
        refused = run("nbdinfo", f"nbd+unix:///?socket={sock}")
        assert refused.returncode != 0
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(sock))
            assert client.recv(18)[:8] == b"NBDMAGIC"
            client.sendall(bytes.fromhex("00000003") + b"IHAVEOPT" +
                           bytes.fromhex("00000001 00000000"))
            assert client.recv(1) == b""  # EXPORT_NAME ends it


def test_offered_tls_serves_both_kinds(image, keys, tmp_path):
    sock = tmp_path / "s"
    with serving("-U", sock, "--tls=on", "--tls-psk", keys / "keys.psk",
                 "-r", "file", image) as server:
        listening(server)
        for uri in (f"nbd+unix:///?socket={sock}", psk_uri(sock, keys)):
            done = run("nbdinfo", "--size", uri)
            assert done.stdout.strip() == str(image.stat().st_size), uri


def test_plaintext_behind_starttls_is_never_executed(image, keys, tmp_path):
    sock = tmp_path / "s"
    with serving("-U", sock, "--tls=on", "--tls-psk", keys / "keys.psk",
                 "-r", "file", image) as server:
        listening(server)
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(str(sock))
            client.recv(18)
            start = b"IHAVEOPT" + bytes.fromhex("00000005 00000000")
            listing = b"IHAVEOPT" + bytes.fromhex("00000003 00000000")
            client.sendall(bytes.fromhex("00000003") + start + listing)
            said = b""
            while part := client.recv(4096):
                said += part
            ack = bytes.fromhex("0003e889045565a9 00000005 00000001 00000000")
            assert said == ack


def test_a_client_that_stalls_in_the_handshake_is_dropped(
        image, keys, tmp_path):
    sock = tmp_path / "s"
    with serving("-U", sock, "--negotiation-timeout", "1", "--tls=require",
                 "--tls-psk", keys / "keys.psk", "-r", "file",
                 image) as server:
        listening(server)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for client, said in zip(clients, (
                b"", bytes.fromhex("00000003"),
                bytes.fromhex("00000003") + b"IHAVEOPT" +
                bytes.fromhex("00000005 00000000"))):
            client.connect(str(sock))
            client.settimeout(20)
            client.sendall(said)
        for client in clients:
            while client.recv(4096):
                pass
            client.close()
        server.wait_for("negotiation took longer than 1 s")
        done = run("nbdinfo", "--size", psk_uri(sock, keys))
        assert done.returncode == 0, done.stderr


def test_bad_credentials_are_one_line(image, keys, pki, tmp_path):
    readable = tmp_path / "readable.psk"
    readable.write_bytes((keys / "keys.psk").read_bytes())
    readable.chmod(0o644)
    garbage = tmp_path / "garbage.psk"
    garbage.write_text("alice:no-hex\n")
    garbage.chmod(0o600)
    empty = tmp_path / "empty"
    empty.mkdir()
    rows = [
        (["--tls=maybe"], "--tls=maybe is not a mode"),
        (["--tls=require"], "--tls=require needs credentials"),
        (["--tls-psk", keys / "keys.psk"], "--tls is off"),
        (["--tls=on", "--tls-psk", "/no/such.psk"], "/no/such.psk"),
        (["--tls=on", "--tls-psk", readable], "chmod 600"),
        (["--tls=on", "--tls-psk", garbage], "garbage.psk:1:"),
        (["--tls=on", "--tls-certificates", empty], "server-cert.pem"),
        (["--tls=on", "--tls-psk", keys / "keys.psk", "--tls-ciphers",
          "NO-SUCH"], "NO-SUCH"),
    ]
    for arguments, part in rows:
        result = run("vmedia-nbd", "-f", "-U", tmp_path / "s", *arguments,
                     "-r", "file", image)
        assert result.returncode in (1, 2), (arguments, result.stderr)
        assert result.stderr.count("\n") == 1, result.stderr
        assert part in result.stderr, result.stderr
        assert "no-hex" not in result.stderr, "a key is no part of an error"
