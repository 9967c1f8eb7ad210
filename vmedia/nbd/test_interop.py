# SPDX-License-Identifier: Apache-2.0
"""vmedia-nbd and other people's clients: content is compared, always."""

import contextlib
import json
import os
import random

import pytest

from fixtures.nbdkit import Nbdkit
from fixtures.program import Program, require, run

SEED = int(os.environ.get("VMEDIA_SEED", "20261120"))
MIB = 1 << 20


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
def sparse(tmp_path, content):
    """16 MiB: a hole, 1 MiB of data at 4 MiB, a hole."""
    path = tmp_path / "sparse.img"
    with open(path, "wb") as out:
        out.truncate(16 * MIB)
        out.seek(4 * MIB)
        out.write(content[:MIB])
    return path


@pytest.fixture
def serve(tmp_path):
    """serve(*arguments): a running server and its URI."""
    servers = []

    def start(*arguments):
        server = Program("vmedia-nbd", "-f", "-U",
                         tmp_path / f"s{len(servers)}", *arguments)
        servers.append(server.__enter__())
        return server, server.wait_for(r"listening on (\S+)")[1]
    yield start
    for server in reversed(servers):
        server.__exit__(None)


def qemu_io(uri, *commands):
    require("qemu-io", "qemu-utils")
    result = run("qemu-io", "-f", "raw", *sum((["-c", c] for c in commands),
                                              []), uri)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "verification failed" not in result.stdout
    return result.stdout


@pytest.mark.parametrize("connections", [1, 4])
def test_nbdcopy_both_ways(serve, image, tmp_path, content, connections):
    require("nbdcopy", "libnbd-bin")
    _, source = serve("-r", "file", image)
    target = tmp_path / "target.img"
    target.touch()
    os.truncate(target, len(content))
    server, sink = serve("file", target)
    done = run("nbdcopy", f"--connections={connections}", source, sink)
    assert done.returncode == 0, done.stderr
    assert server.stop() == 0
    assert target.read_bytes() == content


def test_qemu_img_converts_and_compares(serve, image, tmp_path, content):
    require("qemu-img", "qemu-utils")
    _, uri = serve("-r", "file", image)
    copy = tmp_path / "copy.img"
    done = run("qemu-img", "convert", "-f", "raw", "-O", "raw", uri, copy)
    assert done.returncode == 0, done.stderr
    assert copy.read_bytes() == content
    same = run("qemu-img", "compare", "-f", "raw", "-F", "raw", uri, copy)
    assert same.returncode == 0 and "identical" in same.stdout


def test_holes_are_told_to_qemu_and_libnbd(serve, sparse, content):
    require("qemu-img", "qemu-utils")
    _, uri = serve("-r", "file", sparse)
    mapped = json.loads(run("qemu-img", "map", "--output=json", "-f", "raw",
                            uri).stdout)
    assert [(e["start"], e["length"], e["zero"]) for e in mapped] == [
        (0, 4 * MIB, True), (4 * MIB, MIB, False), (5 * MIB, 11 * MIB, True)]
    extents = json.loads(run("nbdinfo", "--map", "--json", uri).stdout)
    assert [(e["offset"], e["length"], e["type"]) for e in extents] == [
        (0, 4 * MIB, 3), (4 * MIB, MIB, 0), (5 * MIB, 11 * MIB, 3)]


def test_a_sparse_image_is_read_as_data_and_holes(serve, sparse, content):
    nbd = pytest.importorskip("nbd")
    _, uri = serve("-r", "file", sparse)
    handle = nbd.NBD()
    handle.connect_uri(uri)
    chunks = []
    data = handle.pread_structured(
        2 * MIB, 3 * MIB + 512 * 1024,
        lambda part, offset, kind, _: chunks.append((offset, len(part), kind)))
    want = sparse.read_bytes()[3 * MIB + 512 * 1024:5 * MIB + 512 * 1024]
    assert data == want
    kinds = [kind for _, _, kind in chunks]
    assert kinds == [nbd.READ_HOLE, nbd.READ_DATA, nbd.READ_HOLE]
    chunks.clear()
    assert handle.pread_structured(
        64 * 1024, 4 * MIB - 4096,
        lambda part, offset, kind, _: chunks.append((offset, len(part), kind)),
        nbd.CMD_FLAG_DF) == b"\0" * 4096 + content[:60 * 1024]
    assert len(chunks) == 1, "NBD_CMD_FLAG_DF: do not fragment"


def test_qemu_io_writes_zeroes_and_discards(serve, image, content):
    server, uri = serve("file", image)
    qemu_io(uri, "write -P 0x5a 1M 128k", "read -P 0x5a 1M 128k",
            "write -z 1M 4k", "read -P 0 1M 4k", "read -P 0x5a 1028k 124k",
            "write -z -u 1032k 4k", "read -P 0 1032k 4k",
            "discard 2M 64k", "flush")
    assert server.stop() == 0
    written = image.read_bytes()
    assert written[:MIB] == content[:MIB]
    assert written[MIB:MIB + 4096] == b"\0" * 4096
    assert written[MIB + 128 * 1024:2 * MIB] == \
        content[MIB + 128 * 1024:2 * MIB]


def test_zeroes_leave_a_hole_unless_told_not_to(serve, tmp_path, content):
    nbd = pytest.importorskip("nbd")
    path = tmp_path / "disk.img"
    path.write_bytes(content)
    _, uri = serve("file", path)
    handle = nbd.NBD()
    handle.add_meta_context("base:allocation")
    handle.connect_uri(uri)
    handle.zero(MIB, MIB, nbd.CMD_FLAG_NO_HOLE)
    handle.zero(MIB, 2 * MIB)
    states = []
    handle.block_status(4 * MIB, 0, lambda _, offset, entries, err:
                        states.extend(entries[1::2]))
    assert states == [0, 3, 2, 0] or states == [0, 3, 0], \
        "a hole that reads as zeroes; allocated zeroes may be told as data"
    assert handle.pread(2 * MIB, MIB) == bytes(2 * MIB)


def test_an_overlay_leaves_the_original_and_commits_elsewhere(
        serve, image, tmp_path, content):
    committed = tmp_path / "committed.img"
    server, uri = serve("--commit", committed, "overlay", "file", image)
    qemu_io(uri, "write -P 0x11 0 512", "write -P 0x22 3M 100k", "discard 1M 64k",
            "read -P 0x11 0 512")
    assert server.stop() == 0, server.output
    assert image.read_bytes() == content
    merged = committed.read_bytes()
    assert merged[:512] == b"\x11" * 512
    assert merged[512:MIB] == content[512:MIB]
    assert merged[3 * MIB:3 * MIB + 100 * 1024] == b"\x22" * 100 * 1024
    assert len(merged) == len(content)


def test_a_pattern_is_its_own_proof(serve):
    nbd = pytest.importorskip("nbd")
    _, uri = serve("-r", "pattern", "1G")
    handle = nbd.NBD()
    handle.connect_uri(uri)
    for offset in (0, 8, 0x3ffffff8):
        assert handle.pread(8, offset) == offset.to_bytes(8, "big")


@pytest.fixture
def nbdkit(tmp_path):
    """nbdkit(*arguments): the URI of one that takes connections."""
    with contextlib.ExitStack() as running:
        def start(*arguments):
            path = tmp_path / f"k{len(os.listdir(tmp_path))}"
            one = running.enter_context(Nbdkit(path))
            one.start(*arguments)
            return one.uri
        yield start


def test_forward_fronts_another_server(serve, nbdkit, image, tmp_path, content):
    server, uri = serve("forward", nbdkit("file", image))
    copy = tmp_path / "copy.img"
    done = run("nbdcopy", uri, copy)
    assert done.returncode == 0, done.stderr
    assert copy.read_bytes() == content
    assert server.stop() == 0


def test_nbdkit_forwards_to_us(serve, nbdkit, image, tmp_path, content):
    server, behind = serve("-r", "file", image)
    copy = tmp_path / "copy.img"
    done = run("nbdcopy", nbdkit("nbd", f"uri={behind}"), copy)
    assert done.returncode == 0, done.stderr
    assert copy.read_bytes() == content


def test_faults_come_as_the_plan_says(serve, image, content):
    nbd = pytest.importorskip("nbd")
    server, uri = serve("-r", "--fault",
                        "error EIO read at 2; cut at 4", "file", image)
    server.wait_for(r"faults 'error EIO read at 2; cut at 4', seed 1")
    handle = nbd.NBD()
    handle.connect_uri(uri)
    assert handle.pread(512, 0) == content[:512]
    with pytest.raises(nbd.Error, match="Input/output error"):
        handle.pread(512, 0)
    assert handle.pread(512, 512) == content[512:1024]
    with pytest.raises(nbd.Error):
        handle.pread(512, 0)


def test_run_gives_the_uri_and_exits_as_the_command_does(image, tmp_path):
    require("nbdinfo", "libnbd-bin")
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    before = sorted(tmp_path.iterdir())
    done = run("vmedia-nbd", "-r", "file", image, "--run",
               'nbdinfo --size "$uri"; exit 7', env=env)
    assert done.stdout == f"{4 * MIB}\n"
    assert done.returncode == 7
    assert sorted(tmp_path.iterdir()) == before, "nothing is left behind"
    tcp = run("vmedia-nbd", "-p", "0", "-r", "file", image, "--run",
              'nbdinfo --size "nbd://127.0.0.1:$port"')
    assert (tcp.stdout, tcp.returncode) == (f"{4 * MIB}\n", 0)


def test_bad_use_is_one_line(tmp_path, image):
    rows = [
        (["--commit", "x", "file", image],
         "--commit is given, but no overlay; "
         "use: --commit FILE overlay file disk.img"),
        (["--fault", "explode", "file", image], None),
        (["forward", "nbd+unix:///?socket=/no/such"], None),
        (["overlay", "floppy", "x"], None),
    ]
    for arguments, text in rows:
        result = run("vmedia-nbd", "-f", "-U", tmp_path / "s", *arguments)
        assert result.returncode in (1, 2), arguments
        assert result.stderr.count("\n") == 1, result.stderr
        if text:
            assert result.stderr == f"vmedia-nbd: {text}\n"
