# SPDX-License-Identifier: Apache-2.0
"""Several exports on one port, and what the start-up line tells of them."""

import json
import os
import random
import socket
import struct

import pytest

from fixtures.program import Program, require, run

SEED = int(os.environ.get("VMEDIA_SEED", "20261121"))
MIB = 1024 * 1024

FILE = """\
default = "disk"

[[export]]
name = "disk"
serve = ["file", "disk.img"]
description = "the disk, ä"
readonly = true

[[export]]
name = "scratch"
serve = ["memory", "1M"]

[[export]]
name = "secret"
serve = ["pattern", "2M"]
tls-only = true
"""


@pytest.fixture
def folder(tmp_path):
    """A directory with disk.img, keys.psk for alice, and exports.toml."""
    print(f"seed {SEED}")
    (tmp_path / "disk.img").write_bytes(random.Random(SEED).randbytes(3 * MIB))
    require("psktool", "gnutls-bin")
    run("psktool", "-u", "alice", "-p", tmp_path / "keys.psk")
    (tmp_path / "keys.psk").chmod(0o600)
    (tmp_path / "exports.toml").write_text(FILE)
    return tmp_path


def serving(folder, *arguments):
    return Program("vmedia-nbd", "-f", *arguments, cwd=folder)


def listening(server):
    return server.wait_for(r"listening on (\S+)")[1]


def three(folder, *arguments):
    return serving(folder, "-U", "s", "--exports", "exports.toml", "--tls=on",
                   "--tls-psk", "keys.psk", *arguments)


def listed(uri, folder):
    done = run(require("nbdinfo", "libnbd-bin"), "--list", "--json", uri,
               cwd=folder)
    assert done.returncode == 0, done.stderr
    return {one["export-name"]: one for one in json.loads(done.stdout)["exports"]}


def secured(uri, folder):
    return (uri.replace("nbd+unix:///", "nbds+unix://alice@/") +
            f"&tls-psk-file={folder}/keys.psk")


def test_a_list_shows_names_descriptions_and_sizes(folder):
    with three(folder) as server:
        server.wait_for(r"listening on \S+ \(3 exports, TLS offered")
        found = listed(listening(server), folder)
        assert sorted(found) == ["disk", "scratch"], "secret needs TLS"
        assert found["disk"]["description"] == "the disk, ä"
        assert found["disk"]["export-size"] == 3 * MIB
        assert found["disk"]["is_read_only"]
        assert not found["scratch"]["is_read_only"]
        assert sorted(listed(secured(listening(server), folder), folder)) == \
            ["disk", "scratch", "secret"]


def test_the_empty_name_chooses_the_default(folder):
    nbd = pytest.importorskip("nbd")
    content = (folder / "disk.img").read_bytes()
    with three(folder) as server:
        listening(server)
        for name in ("", "disk"):
            handle = nbd.NBD()
            handle.set_export_name(name)
            handle.set_full_info(True)
            handle.add_meta_context("base:allocation")
            handle.connect_unix(str(folder / "s"))
            assert handle.pread(4096, MIB) == content[MIB:MIB + 4096]
            assert handle.get_canonical_export_name() == "disk"
            assert handle.can_meta_context("base:allocation")
            handle.shutdown()


def go_in_clear(path, name):
    """The type of the first reply to NBD_OPT_GO for @name."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        stream = client.makefile("rb")
        assert stream.read(18)[:8] == b"NBDMAGIC"
        data = struct.pack(">I", len(name)) + name.encode() + bytes(2)
        client.sendall(struct.pack(">I8sII", 3, b"IHAVEOPT", 7, len(data)) +
                       data)
        return struct.unpack(">QIII", stream.read(20))[2]


def test_a_tls_only_export_is_refused_in_clear_and_served_after_tls(folder):
    nbd = pytest.importorskip("nbd")
    with three(folder, "-v") as server:
        listening(server)
        assert go_in_clear(folder / "s", "secret") == 0x80000005, \
            "NBD_REP_ERR_TLS_REQD"
        assert go_in_clear(folder / "s", "scratch") == 3, "NBD_REP_INFO"
        clear = nbd.NBD()
        clear.set_opt_mode(True)
        clear.connect_unix(str(folder / "s"))
        clear.set_export_name("secret")
        with pytest.raises(nbd.Error, match="server replied with error"):
            clear.opt_go()
        clear.set_export_name("scratch")  # and the session is still usable
        clear.opt_go()
        clear.pwrite(b"x" * 512, 0)
        clear.shutdown()
        for name, offset in (("secret", 4096), ("scratch", 0)):
            handle = nbd.NBD()
            handle.set_tls(nbd.TLS_REQUIRE)
            handle.set_tls_psk_file(str(folder / "keys.psk"))
            handle.set_tls_username("alice")
            handle.set_export_name(name)
            handle.connect_unix(str(folder / "s"))
            want = offset.to_bytes(8, "big") if name == "secret" else b"x" * 8
            assert handle.pread(8, offset) == want
            handle.shutdown()
        server.wait_for(r"export 'secret', 2097152 bytes")


def test_qemu_takes_each_by_its_name(folder):
    require("qemu-img", "qemu-utils")
    with three(folder) as server:
        listening(server)
        for name, size in (("disk", 3 * MIB), ("scratch", MIB)):
            done = run("qemu-img", "info", "--output=json",
                       f"nbd+unix:///{name}?socket={folder}/s")
            assert json.loads(done.stdout)["virtual-size"] == size
        secret = run("qemu-img", "info", f"nbd+unix:///secret?socket={folder}/s")
        assert secret.returncode != 0
        assert "TLS" in secret.stderr
        tls = run("qemu-img", "info", "--output=json", "--object",
                  f"tls-creds-psk,id=t,dir={folder},username=alice,"
                  "endpoint=client", "--image-opts",
                  f"driver=nbd,path={folder}/s,export=secret,tls-creds=t")
        assert json.loads(tls.stdout)["virtual-size"] == 2 * MIB


@pytest.mark.parametrize("arguments, scheme", [
    (["-U", "s"], "nbd+unix:///?socket="),
    (["-U", "a b&c"], "nbd+unix:///?socket="),
    (["-p", "0", "-i", "::1"], "nbd://[::1]:"),
    (["-U", "s", "-e", "iso/ä ?&"], "nbd+unix:///iso%2F%C3%A4%20%3F%26?socket="),
    (["-p", "0", "-e", "disk"], "nbd://127.0.0.1:"),
    (["-U", "s", "-e", "d", "--tls=require", "--tls-psk", "keys.psk"],
     "nbds+unix://alice@/d?socket="),
    (["-p", "0", "--tls=require", "--tls-psk", "keys.psk"],
     "nbds://alice@127.0.0.1:"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_the_uri_of_the_start_can_be_pasted(folder, arguments, scheme):
    with serving(folder, *arguments, "--description", "told", "-r", "file",
                 "disk.img") as server:
        uri = listening(server)
        assert uri.startswith(scheme)
        done = run(require("nbdinfo", "libnbd-bin"), "--json", uri, cwd=folder)
        assert done.returncode == 0, done.stderr
        info = json.loads(done.stdout)["exports"][0]
        assert info["export-size"] == 3 * MIB
        assert info["description"] == "told"


def test_run_has_the_uri_of_the_export(folder):
    done = run("vmedia-nbd", "-e", "a b", "memory", "1M", "--run",
               'nbdinfo --size "$uri"; echo "$exportname"', cwd=folder)
    assert (done.stdout, done.returncode) == ("1048576\na b\n", 0), done.stderr


ONE = '[[export]]\nname = "a"\nserve = ["memory", "1M"]\n'

BAD = [
    (ONE + "colour = 3\n", [],
     "bad.toml:4: colour = 3: there is no such key; use: name, serve, "
     "description, readonly, tls-only"),
    (ONE + ONE, [],
     "bad.toml:5: name = 'a' is the name of the export at bad.toml:3, too; "
     "give each export a name of its own"),
    (ONE + "tls-only = true\n", [],
     "bad.toml:3: export 'a': tls-only = true, but --tls is off; add --tls=on "
     "and --tls-psk FILE, or --tls-certificates DIR"),
    ('[[export]]\nname = "a"\nserve = ["file", "/no/such"]\n', [],
     "bad.toml:3: export 'a': /no/such: No such file or directory; check the "
     "path and its permissions"),
    ('[[export]]\nname = "a"\nserve = ["floppy", "x"]\n', [],
     "bad.toml:3: export 'a': there is no plugin 'floppy'; use: file PATH, "
     "memory|pattern|null SIZE, overlay PLUGIN PARAMETER, or forward URI"),
    (f'[[export]]\nname = "{"x" * 4097}"\nserve = ["null", "1"]\n', [], None),
    ('[[export]\n', [], None),
    (ONE, ["memory", "1M"],
     "--exports and a plugin are both given; leave one of them out"),
    (ONE, ["-e", "b"],
     "--exports and --exportname are both given; leave one of them out"),
    (ONE, ["--description", "b"],
     "--exports and --description are both given; leave one of them out"),
    (ONE, ["--commit", "b"],
     "--exports and --commit are both given; leave one of them out"),
]


@pytest.mark.parametrize("text, arguments, said", BAD)
def test_each_mistake_is_one_line_with_its_remedy(folder, text, arguments,
                                                  said):
    (folder / "bad.toml").write_text(text)
    done = run("vmedia-nbd", "-f", "-U", "s", "--exports", "bad.toml",
               *arguments, cwd=folder)
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert len(done.stderr) < 400, done.stderr
    if said:
        assert done.stderr == f"vmedia-nbd: {said}\n"
    assert not (folder / "s").exists()


def test_a_missing_file_and_a_name_that_is_no_utf8(folder):
    done = run("vmedia-nbd", "-f", "--exports", "/no/such.toml")
    assert done.stderr == (
        "vmedia-nbd: /no/such.toml: No such file or directory; give --exports "
        "a file that can be read\n")
    done = run("vmedia-nbd", "-f", "-U", folder / "s", "-e", b"a\xff".decode(
        errors="surrogateescape"), "null", "1M")
    assert done.returncode == 2
    assert done.stderr == (
        "vmedia-nbd: the export name is no UTF-8 at byte 1; give --exportname "
        "a shorter one, in UTF-8\n")
