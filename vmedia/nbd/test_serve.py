# SPDX-License-Identifier: Apache-2.0
"""vmedia-nbd as a user runs it, with libnbd's tools as the clients."""

import os
import random
import re
import select
import signal
import socket
import stat

import pytest

from fixtures.program import Program, ours, require, run

SEED = int(os.environ.get("VMEDIA_SEED", "20261120"))


@pytest.fixture
def image(tmp_path):
    """3 MiB and an odd tail of content that repeats nowhere."""
    print(f"seed {SEED}")
    path = tmp_path / "disk.img"
    path.write_bytes(random.Random(SEED).randbytes(3 * 1024 * 1024 + 777))
    return path


@pytest.fixture
def sock(tmp_path):
    return tmp_path / "nbd.sock"


def uri_of(server):
    return server.wait_for(r"listening on (\S+)")[1]


def test_a_copy_over_a_unix_socket_is_equal(image, sock, tmp_path):
    nbdcopy = require("nbdcopy", "libnbd-bin")
    with Program("vmedia-nbd", "-f", "-U", sock, "--readonly",
                 "file", image) as server:
        copied = run(nbdcopy, uri_of(server), tmp_path / "copy.img")
        assert copied.returncode == 0, copied.stderr
        assert (tmp_path / "copy.img").read_bytes() == image.read_bytes()
        assert server.stop() == 0
    assert not sock.exists()


def test_a_free_tcp_port_is_told_and_serves(image):
    nbdinfo = require("nbdinfo", "libnbd-bin")
    with Program("vmedia-nbd", "-f", "-p", "0", "-i", "127.0.0.1",
                 "--readonly", "file", f"file={image}") as server:
        uri = uri_of(server)
        assert re.fullmatch(r"nbd://127\.0\.0\.1:[1-9]\d*", uri)
        size = run(nbdinfo, "--size", uri)
        assert int(size.stdout) == image.stat().st_size


def test_what_is_written_is_read_back_and_survives(image, sock):
    require("nbdcopy", "libnbd-bin")
    nbd = pytest.importorskip("nbd")
    with Program("vmedia-nbd", "-f", "-U", sock, "file", image) as server:
        handle = nbd.NBD()
        handle.connect_uri(uri_of(server))
        assert not handle.is_read_only()
        handle.pwrite(b"x" * 1000, 4095, nbd.CMD_FLAG_FUA)
        handle.flush()
        assert handle.pread(1000, 4095) == b"x" * 1000
        handle.shutdown()
    assert image.read_bytes()[4095:5095] == b"x" * 1000


def test_readonly_refuses_writes_and_leaves_the_file(image, sock):
    nbd = pytest.importorskip("nbd")
    before = image.read_bytes()
    image.chmod(0o444)
    with Program("vmedia-nbd", "-f", "-U", sock, "-r", "file",
                 image) as server:
        handle = nbd.NBD()
        handle.set_strict_mode(0)  # let the server refuse, not the library
        handle.connect_uri(uri_of(server))
        assert handle.is_read_only()
        with pytest.raises(nbd.Error, match="EPERM|Operation not permitted"):
            handle.pwrite(b"x" * 512, 0)
        assert handle.pread(512, 0) == before[:512]  # and stays usable
    assert image.read_bytes() == before


def test_many_clients_read_at_once(image, sock):
    nbd = pytest.importorskip("nbd")
    content = image.read_bytes()
    with Program("vmedia-nbd", "-f", "-U", sock, "-r", "file",
                 image) as server:
        uri = uri_of(server)
        handles = []
        for _ in range(20):
            handle = nbd.NBD()
            handle.connect_uri(uri)
            handles.append(handle)
        for number, handle in enumerate(handles):
            assert handle.pread(4096, number * 4096) == \
                content[number * 4096:(number + 1) * 4096]


def test_pipelined_reads_then_disc_are_all_answered(image, sock):
    """proto.md, NBD_CMD_DISC: outstanding requests are handled first."""
    content = image.read_bytes()
    with Program("vmedia-nbd", "-f", "-U", sock, "-r", "file",
                 image) as server:
        uri_of(server)
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(sock))
        stream = client.makefile("rb")
        stream.read(18)
        name = b"IHAVEOPT" + (1).to_bytes(4, "big") + (0).to_bytes(4, "big")
        client.sendall((3).to_bytes(4, "big") + name)
        stream.read(10)
        length = 64 * 1024

        def request(command, cookie, offset, size):
            return b"".join((
                0x25609513.to_bytes(4, "big"), bytes(2),
                command.to_bytes(2, "big"), cookie.to_bytes(8, "big"),
                offset.to_bytes(8, "big"), size.to_bytes(4, "big")))
        client.sendall(b"".join(request(0, n, n * length, length)
                                for n in range(40)) + request(2, 99, 0, 0))
        for cookie in range(40):
            header = stream.read(16)
            assert header == (0x67446698.to_bytes(4, "big") + bytes(4) +
                              cookie.to_bytes(8, "big"))
            assert stream.read(length) == \
                content[cookie * length:(cookie + 1) * length]
        assert stream.read() == b""  # DISC has no reply


def test_memory_is_zeroes_until_written(sock):
    nbd = pytest.importorskip("nbd")
    with Program("vmedia-nbd", "-f", "-U", sock, "memory", "1T") as server:
        handle = nbd.NBD()
        handle.connect_uri(uri_of(server))
        assert handle.get_size() == 1 << 40
        handle.pwrite(b"end", (1 << 40) - 3)
        assert handle.pread(4, (1 << 40) - 4) == b"\0end"


def test_in_the_background_it_serves_when_the_command_returns(
        image, sock, tmp_path):
    nbdinfo = require("nbdinfo", "libnbd-bin")
    pidfile = tmp_path / "nbd.pid"
    started = run("vmedia-nbd", "-U", sock, "-P", pidfile, "-r",
                  "file", image)
    assert started.returncode == 0, started.stderr
    pid = int(pidfile.read_text())
    try:
        size = run(nbdinfo, "--size", f"nbd+unix:///?socket={sock}")
        assert int(size.stdout) == image.stat().st_size
    finally:
        waiter = os.pidfd_open(pid)
        os.kill(pid, signal.SIGTERM)
        assert select.select([waiter], [], [], 10)[0], "it did not end"
    assert not sock.exists() and not pidfile.exists()


def test_what_fails_in_the_background_is_said_before_the_command_returns(
        image, sock, tmp_path):
    pidfile = tmp_path / "missing" / "nbd.pid"
    started = run("vmedia-nbd", "-U", sock, "-P", pidfile, "-r",
                  "file", image)
    assert started.returncode == 1
    assert started.stderr == (
        f"vmedia-nbd: {pidfile}: No such file or directory; give --pidfile "
        "a path that can be written\n")
    assert not sock.exists()


def test_a_dead_socket_is_taken_over_and_a_live_one_is_not(image, sock):
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(sock))
    left.close()
    assert stat.S_ISSOCK(sock.stat().st_mode)
    with Program("vmedia-nbd", "-f", "-U", sock, "-r", "file",
                 image) as server:
        uri_of(server)
        second = run("vmedia-nbd", "-f", "-U", sock, "-r", "file", image)
        assert second.returncode == 2
        assert second.stderr == (
            f"vmedia-nbd: {sock}: another server listens there; choose "
            "another path, or stop that server\n")
        assert sock.exists()


def test_stop_ends_clients_that_do_nothing(image, sock):
    with Program("vmedia-nbd", "-f", "-U", sock, "-r", "file",
                 image) as server:
        uri_of(server)
        idle = socket.socket(socket.AF_UNIX)
        idle.connect(str(sock))
        assert idle.recv(18)[:8] == b"NBDMAGIC"
        assert server.stop() == 0
        assert idle.recv(1) == b""


BAD = [
    (["-f", "-p", "0", "file", "/no/such/disk.img"], 1,
     "/no/such/disk.img: No such file or directory; "
     "check the path and its permissions"),
    (["-f", "-p", "0", "file", "/tmp"], 2,
     "/tmp: is a directory; give an image file or a block device"),
    (["-f", "-p", "0", "--readonly", "file", "/dev/null"], 2,
     "/dev/null: is neither a regular file nor a block device; "
     "give an image file or a block device"),
    (["-f", "-p", "0", "memory", "12Q"], 2,
     "'12Q' is not a size; write bytes, or a number and K, M, G or T: "
     "512, 64M, 1G"),
    (["-f", "-p", "0", "memory", "9E"], 2,
     "'9E' is not a size; write bytes, or a number and K, M, G or T: "
     "512, 64M, 1G"),
    (["-f", "-p", "0", "memory"], 2,
     "memory takes one parameter, 0 were given; write: memory size=..."),
    (["-f", "-p", "0", "floppy", "a"], 2,
     "there is no plugin 'floppy'; use: file PATH, memory|pattern|null SIZE, "
     "overlay PLUGIN PARAMETER, or forward URI"),
    (["-f", "-p", "0"], 2,
     "nothing to serve was named; use: file PATH, memory|pattern|null SIZE, "
     "overlay PLUGIN PARAMETER, or forward URI"),
    (["-f", "-i", "localhost", "memory", "1M"], 2,
     "'localhost' is not an IP address; write 127.0.0.1, 0.0.0.0 or ::1"),
    (["-f", "-U", "/tmp/" + "x" * 110, "memory", "1M"], 2,
     "/tmp/" + "x" * 110 + ": a socket path holds 107 characters, this has "
     "115; choose a shorter path"),
    (["-f", "-U", "/no/such/dir/s", "memory", "1M"], 1,
     "/no/such/dir/s: No such file or directory; check that the directory "
     "exists and is writable"),
    (["-f", "-p", "70000", "memory", "1M"], 2, None),
    (["--no-such-option"], 2, None),
]


@pytest.mark.parametrize("arguments, status, text", BAD,
                         ids=[" ".join(b[0][1:])[:40] for b in BAD])
def test_bad_input_is_one_line_and_a_status(arguments, status, text):
    result = run("vmedia-nbd", *arguments)
    assert result.returncode == status
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    if text:
        assert result.stderr == f"vmedia-nbd: {text}\n"


def test_an_empty_image_is_named(tmp_path):
    empty = tmp_path / "empty.iso"
    empty.touch()
    result = run("vmedia-nbd", "-f", "-p", "0", "file", empty)
    assert result.returncode == 2
    assert result.stderr == (f"vmedia-nbd: {empty}: is empty (0 bytes); "
                             "give an image with content\n")


def test_a_port_in_use_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("vmedia-nbd", "-f", "-p", port, "memory", "1M")
    assert result.returncode == 1
    assert result.stderr == (
        f"vmedia-nbd: 127.0.0.1 port {port}: Address already in use; "
        "choose another port, or 0 for a free one\n")


def test_help_and_version():
    assert "vmedia-nbd -f -U /tmp/nbd.sock" in run(
        "vmedia-nbd", "--help").stdout
    assert re.fullmatch(r"vmedia-nbd \d+\.\d+\.\d+\n",
                        run("vmedia-nbd", "--version").stdout)
    assert os.path.exists(ours("vmedia-nbd"))
