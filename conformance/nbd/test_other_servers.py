# SPDX-License-Identifier: Apache-2.0
"""What people build of the servers of test_nbd_server.py: plugins in other
languages, stacks of filters, servers before servers, other image formats.

Negotiation is nbdkit's own in all its profiles, and is tested there: here it
is what a plugin has a hand in. A shell script takes a process for each
request, and Ruby one for each client, so they get the least of it.
"""

import pathlib
import socket
import struct

import pytest

from conformance.nbd.conform import SCALE, conform
from fixtures.nbdkit import Nbdkit
from fixtures.program import require, run, write_script
from fixtures.tls_keys import keys  # noqa: F401

EXPECTED = pathlib.Path(__file__).parent.parent / "expected"

DATA = ["nbd.read", "nbd.write", "nbd.flush", "nbd.trim", "nbd.zero",
        "nbd.fua", "nbd.multi-conn", "nbd.block-status", "nbd.structured"]
NOT_DATA = ["nbd.connection", "nbd.option.info", "nbd.option.go",
            "nbd.block-size", "nbd.size", "nbd.request", "nbd.error",
            "nbd.disc.closes"]

# What takes long, or wants a mode that a profile has not.
LARGE = ["nbd.zero.large", "nbd.size.large-*", "nbd.block-status.longest",
         "nbd.error.no-out-of-memory", "nbd.structured.read-above-maximum",
         "nbd.structured.chunk-within-maximum"]
FAULTS = LARGE + ["*storage-f*"]
ONE_MODE = FAULTS + ["*.read-only", "*.read-only.error"]

# Profile: expected/FILE.toml, what is run, what is not.
SERVERS = {
    "nbdkit-python": ("nbdkit-script", DATA, ONE_MODE),
    "nbdkit-perl": ("nbdkit-script", DATA, ONE_MODE),
    "nbdkit-lua": ("nbdkit-plugin", DATA, ONE_MODE),
    "nbdkit-tcl": ("nbdkit-plugin", DATA, ONE_MODE),
    "nbdkit-ruby": ("nbdkit-plugin", ["nbd.read.beyond-end"], ONE_MODE),
    "nbdkit-sh": ("nbdkit-plugin", ["nbd.read.*-*", "nbd.write.read-back"],
                  ONE_MODE),
    "nbdkit-xva": ("nbdkit-xva", ["nbd.read", "nbd.block-status",
                                  "nbd.write.read-only"], FAULTS),
    "nbdkit-filters": ("nbdkit-filters", DATA, FAULTS),
    "nbdkit-forward": ("nbdkit", DATA, LARGE),
    "vmedia-nbd-forward": ("vmedia-nbd-forward", DATA, LARGE),
    "qemu-nbd-qcow2": ("qemu-nbd", DATA, FAULTS),
    "qemu-nbd-blocks": ("qemu-nbd-blocks", DATA + NOT_DATA, FAULTS),
    "nbd-server-options": ("nbd-server-options", DATA, ONE_MODE),
}

LANGUAGES = ("lua", "perl", "python", "ruby", "tcl")
PROGRAMS = {"nbdkit": "nbdkit", "qemu-nbd": "qemu-utils",
            "nbd-server": "nbd-server", "vmedia-nbd": "nbdkit"}


def require_server(server):
    for program, package in PROGRAMS.items():
        if server.startswith(program):
            require("nbdkit" if program == "vmedia-nbd" else program, package)
    if server == "nbdkit-ruby":
        require("socat", "socat")
    language = "python" if server == "nbdkit-xva" else server.split("-")[1]
    if language in LANGUAGES:
        require_plugin(language)


def require_plugin(language):
    """Skips, or fails in CI, as require() does for a program."""
    if run("nbdkit", language, "--version").returncode != 0:
        require(f"nbdkit-{language}-plugin", f"nbdkit-plugin-{language}")


@pytest.mark.parametrize("server", SERVERS)
def test_verdicts_are_as_expected(server):
    require_server(server)
    expected, only, skip = SERVERS[server]
    ended = conform("nbd-server", "--profile", server,
                    "--timeout-scale", SCALE,
                    "--expect", EXPECTED / f"{expected}.toml",
                    *[word for case in only for word in ("--only", case)],
                    *[word for case in skip for word in ("--skip", case)])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "; unexpected: none\n" in ended.stdout


def size_of(uri):
    info = run(require("nbdinfo", "libnbd-bin"), "--size", uri)
    assert info.returncode == 0, info.stderr
    return int(info.stdout)


def test_tls_fallback_keeps_the_disk_for_clients_with_tls(tmp_path, keys):
    with Nbdkit(tmp_path / "s") as server:
        server.start("--tls=on", f"--tls-psk={keys}/keys.psk",
                     "--filter=tls-fallback", "memory", "1M")
        assert size_of(f"nbd+unix:///?socket={tmp_path}/s") == 512
        assert size_of(f"nbds+unix://alice@/?socket={tmp_path}/s"
                       f"&tls-psk-file={keys}/keys.psk") == 1 << 20


def test_what_a_client_asks_before_tls_opens_nothing(tmp_path, keys):
    log = tmp_path / "log"
    script = tmp_path / "plugin"
    write_script(script, f"""
case "$1" in
get_size) echo 1M ;;
open) echo opened >>{log} ;;
pread) head -c $3 /dev/zero ;;
*) exit 2 ;;
esac""")
    with Nbdkit(tmp_path / "s") as server:
        server.start("--tls=require", f"--tls-psk={keys}/keys.psk", "sh",
                     script)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "s"))
            with client.makefile("rwb") as stream:
                assert stream.read(18)[:8] == b"NBDMAGIC"
                stream.write(struct.pack(">I", 3))
                stream.write(b"IHAVEOPT" + struct.pack(">IIIH", 6, 6, 0, 0))
                stream.flush()
                _, option, reply, size = struct.unpack(">QIII",
                                                       stream.read(20))
                stream.read(size)
            assert (option, reply) == (6, 1 << 31 | 5)  # TLS_REQD
            assert not log.exists()
        assert size_of(f"nbds+unix://alice@/?socket={tmp_path}/s"
                       f"&tls-psk-file={keys}/keys.psk") == 1 << 20
        assert log.exists()
