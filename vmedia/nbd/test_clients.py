# SPDX-License-Identifier: Apache-2.0
"""Other people's NBD clients x transport x security, against vmedia-nbd.

Each row copies all of the image out, compares, and where the client can, writes
and compares what the file has afterwards.
"""

import json
import os
import random
import urllib.parse

import pytest

from fixtures.nbdkit import Nbdkit
from fixtures.program import Program, require, run
from fixtures.tls_keys import keys, pki  # noqa: F401

SEED = int(os.environ.get("VMEDIA_SEED", "20261120"))
MIB = 1 << 20
SIZE = 3 * MIB
PATCH = (MIB + 512, 200 * 1024)  # where a client writes: offset, length


@pytest.fixture
def content():
    print(f"seed {SEED}")
    return random.Random(SEED).randbytes(SIZE)


class Place:
    """A server to reach: how clients of each kind name it."""

    def __init__(self, transport, security, tmp_path, keys, pki):
        self.transport, self.security = transport, security
        self.folder, self.keys, self.pki = tmp_path, keys, pki
        self.socket = tmp_path / "s"
        self.port = None

    def server_options(self):
        listen = {"unix": ["-U", self.socket], "tcp": ["-p", "0"]}
        secure = {
            "plain": [],
            "psk": ["--tls=require", "--tls-psk", self.keys / "keys.psk"],
            "x509": ["--tls=require", "--tls-certificates", self.pki,
                     "--tls-verify-peer"]}
        return listen[self.transport] + secure[self.security]

    @property
    def uri(self):
        """As of libnbd; the certificate names localhost."""
        scheme = "nbd" if self.security == "plain" else "nbds"
        user = "alice@" if self.security == "psk" else ""
        query = {"plain": [], "psk": [f"tls-psk-file={self.keys}/keys.psk"],
                 "x509": [f"tls-certificates={self.pki}"]}[self.security]
        if self.transport == "unix":
            host = "localhost" if self.security == "x509" else ""
            return (f"{scheme}+unix://{user}{host}/?" +
                    "&".join([f"socket={self.socket}", *query]))
        return f"{scheme}://{user}localhost:{self.port}/?" + "&".join(query)

    @property
    def qemu(self):
        """The arguments of a qemu program, and --image-opts' value."""
        where = (f"path={self.socket}" if self.transport == "unix" else
                 f"host=localhost,port={self.port}")
        secrets = {
            "plain": [],
            "psk": ["--object", f"tls-creds-psk,id=t,dir={self.keys},"
                    "username=alice,endpoint=client"],
            "x509": ["--object", f"tls-creds-x509,id=t,dir={self.pki},"
                     "endpoint=client,verify-peer=on"]}[self.security]
        more = ",tls-creds=t" if secrets else ""
        if self.security == "x509" and self.transport == "unix":
            more += ",tls-hostname=localhost"
        return secrets, f"driver=nbd,{where}{more}"


def done(*command, **options):
    result = run(*command, **options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


# A client: reads everything, gives it; writes `patch` at an offset if it can.

def nbdcopy(place, patch):
    require("nbdcopy", "libnbd-bin")
    copy = place.folder / "copy"
    done("nbdcopy", place.uri, copy)
    got = copy.read_bytes()
    offset, data = patch
    new = place.folder / "new"
    new.write_bytes(got[:offset] + data + got[offset + len(data):])
    done("nbdcopy", "--flush", new, place.uri)
    return got


def nbdsh(place, patch):
    require("nbdsh", "python3-libnbd")
    copy, data = place.folder / "copy", place.folder / "patch"
    data.write_bytes(patch[1])
    done("/usr/bin/python3", "-m", "nbd", "-c",
         "h.set_uri_allow_local_file(True)", "-c",
         f"h.connect_uri({place.uri!r})", "-c", f"""
with open({str(copy)!r}, 'wb') as out:
    for at in range(0, h.get_size(), 65536 * 3):
        out.write(h.pread(min(65536 * 3, h.get_size() - at), at))
h.pwrite(open({str(data)!r}, 'rb').read(), {patch[0]})
h.flush()
h.shutdown()
""")
    return copy.read_bytes()


def nbdinfo(place, patch):
    """It tells about content only that there is some."""
    require("nbdinfo", "libnbd-bin")
    assert done("nbdinfo", "--size", place.uri) == f"{SIZE}\n"
    told = done("nbdinfo", place.uri)
    assert ("protocol: newstyle-fixed without TLS" in told) == (
        place.security == "plain")
    assert done("nbdinfo", "--map", "--totals", place.uri).split()[0] == \
        str(SIZE)
    return None


def qemu_img(place, patch):
    require("qemu-img", "qemu-utils")
    secrets, image = place.qemu
    copy = place.folder / "copy"
    done("qemu-img", "convert", *secrets, "--image-opts", "-O", "raw", image,
         copy)
    # compare wants one kind of name for both.
    same = done("qemu-img", "compare", *secrets, "--image-opts", image,
                f"driver=file,filename={copy}")
    assert "identical" in same
    got = copy.read_bytes()
    copy.write_bytes(got[:patch[0]] + patch[1] +
                     got[patch[0] + len(patch[1]):])
    done("qemu-img", "convert", "-n", *secrets, "--image-opts",
         "--target-image-opts", f"driver=file,filename={copy}", image)
    copy.write_bytes(got)
    return got


def qemu_io(place, patch):
    require("qemu-io", "qemu-utils")
    secrets, image = place.qemu
    data = place.folder / "patch"
    data.write_bytes(patch[1])
    told = done("qemu-io", *secrets, "--image-opts", image,
                "-c", f"write -s {data} {patch[0]} {len(patch[1])}",
                "-c", "write -P 7 2M 4k", "-c", "read -P 7 2M 4k",
                "-c", "write -z 2M 4k", "-c", "read -P 0 2M 4k",
                "-c", "flush")
    assert "verification failed" not in told
    return None


def qemu_nbd(place, patch):
    """qemu-nbd serves what it reads as a client."""
    require("qemu-nbd", "qemu-utils")
    secrets, image = place.qemu
    between = place.folder / "q"
    done("qemu-nbd", *secrets, "--fork", "--persistent", "--socket", between,
         "--pid-file", place.folder / "q.pid", "--image-opts", image)
    try:
        uri = f"nbd+unix:///?socket={between}"
        copy, data = place.folder / "copy", place.folder / "patch"
        data.write_bytes(patch[1])
        done("nbdcopy", uri, copy)
        done("qemu-io", "-f", "raw", "-c",
             f"write -s {data} {patch[0]} {len(patch[1])}", "-c", "flush", uri)
        return copy.read_bytes()
    finally:
        os.kill(int((place.folder / "q.pid").read_text()), 15)


def nbdkit_forwards(place, patch):
    """nbdkit's nbd plugin is a client, too."""
    tls = {"plain": [], "psk": ["tls=require", "tls-username=alice",
                                f"tls-psk={place.keys}/keys.psk"],
           "x509": ["tls=require", f"tls-certificates={place.pki}"]}
    with Nbdkit(place.folder / "k") as between:
        between.start("nbd", f"uri={place.uri.partition('&tls')[0]}"
                      if place.transport == "unix" else
                      f"uri={place.uri.partition('?')[0]}",
                      *tls[place.security])
        copy = place.folder / "copy"
        done("nbdcopy", between.uri, copy)
        data = place.folder / "patch"
        data.write_bytes(patch[1])
        done("qemu-io", "-f", "raw", "-c",
             f"write -s {data} {patch[0]} {len(patch[1])}", "-c", "flush",
             between.uri)
        return copy.read_bytes()


def we_forward(place, patch):
    with Program("vmedia-nbd", "-f", "-U", place.folder / "v", "forward",
                 place.uri) as between:
        uri = between.wait_for(r"listening on (\S+)")[1]
        copy, data = place.folder / "copy", place.folder / "patch"
        data.write_bytes(patch[1])
        done("nbdcopy", uri, copy)
        done("qemu-io", "-f", "raw", "-c",
             f"write -s {data} {patch[0]} {len(patch[1])}", "-c", "flush", uri)
        return copy.read_bytes()


def patched(content, patch):
    return content[:patch[0]] + patch[1] + content[patch[0] + len(patch[1]):]


def unchanged(content, _):
    return content


def patched_and_zeroed(content, patch):
    return patched(patched(content, patch), (2 * MIB, bytes(4096)))


CLIENTS = {
    nbdcopy: patched, nbdsh: patched, nbdinfo: unchanged, qemu_img: patched,
    qemu_io: patched_and_zeroed, qemu_nbd: patched, nbdkit_forwards: patched,
    we_forward: patched}


@pytest.mark.parametrize("security", ["plain", "psk", "x509"])
@pytest.mark.parametrize("transport", ["unix", "tcp"])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.__name__)
def test_what_a_client_reads_and_writes_is_the_image(
        client, transport, security, tmp_path, content, keys,  # noqa: F811
        pki):  # noqa: F811
    place = Place(transport, security, tmp_path, keys, pki)
    image = tmp_path / "disk.img"
    image.write_bytes(content)
    patch = (PATCH[0], random.Random(SEED + 1).randbytes(PATCH[1]))
    with Program("vmedia-nbd", "-f", "-v", *place.server_options(), "file",
                 image) as server:
        uri = server.wait_for(r"listening on (\S+)")[1]
        if transport == "tcp":
            place.port = urllib.parse.urlsplit(uri).port
        got = client(place, patch)
        if security != "plain":
            who = {"psk": "alice", "x509": "CN ?= ?client"}[security]
            server.wait_for(f"secured by TLSv1.*{who}")
    assert got is None or got == content
    assert image.read_bytes() == CLIENTS[client](content, patch)


def verify_with_fio(uri, folder):
    require("fio", "fio")
    told = done(
        "fio", "--name=v", "--ioengine=nbd", f"--uri={uri}",
        "--rw=randwrite", "--bsrange=512-64k", "--size=8M", "--iodepth=16",
        f"--randseed={SEED}", "--verify=crc32c", "--verify_fatal=1",
        "--do_verify=1", "--output-format=json", cwd=folder)
    job = json.loads(told[told.index("{\n"):])["jobs"][0]
    assert job["error"] == 0
    assert job["write"]["io_bytes"] == job["read"]["io_bytes"] == 8 * MIB


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_fio_verifies_what_it_wrote(transport, tmp_path):
    with Program("vmedia-nbd", "-f", *(["-U", tmp_path / "s"] if
                                       transport == "unix" else ["-p", "0"]),
                 "memory", "8M") as server:
        verify_with_fio(server.wait_for(r"listening on (\S+)")[1], tmp_path)


@pytest.mark.parametrize("security", ["psk", "x509"])
def test_fio_verifies_through_a_forward_with_tls(
        security, tmp_path, keys, pki):  # noqa: F811
    """fio 3.33 itself refuses URIs that name files, and so keys."""
    place = Place("unix", security, tmp_path, keys, pki)
    with Program("vmedia-nbd", "-f", *place.server_options(), "memory",
                 "8M") as server:
        server.wait_for("listening on")
        with Program("vmedia-nbd", "-f", "-U", tmp_path / "v", "forward",
                     place.uri) as between:
            verify_with_fio(between.wait_for(r"listening on (\S+)")[1],
                            tmp_path)
