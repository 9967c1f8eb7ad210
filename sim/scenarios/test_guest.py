# SPDX-License-Identifier: Apache-2.0
"""vmedia-sim guest, and what needs a kernel of one's own: the nbd driver with
nbd-client and qemu-nbd in front of vmedia-nbd, and TLS in the kernel."""

import hashlib
import pathlib
import random

import pytest

from fixtures.guest import BOOT_S, SEED, need_kernel, results_of
from fixtures.program import require, run
from fixtures.tls_keys import make_keys, pki  # noqa: F401

SCRIPT = pathlib.Path(__file__).parent / "guest" / "nbd_clients.sh"
MIB = 1 << 20


@pytest.fixture(scope="module")
def content():
    print(f"seed {SEED}")
    return random.Random(SEED).randbytes(4 * MIB)


@pytest.fixture(scope="module")
def results(tmp_path_factory, pki, content):  # noqa: F811
    """{client: {key: [value, ...]}} of one machine that ran all of them."""
    need_kernel()
    for program, package in (("nbd-client", "nbd-client"),
                             ("qemu-nbd", "qemu-utils"),
                             ("nbdcopy", "libnbd-bin")):
        require(program, package)
    share = tmp_path_factory.mktemp("share")
    (share / "disk.img").write_bytes(content)
    make_keys(share / "keys")
    (share / "pki").mkdir()
    for file in pki.glob("*.pem"):
        (share / "pki" / file.name).write_bytes(file.read_bytes())
    done = run("vmedia-sim", "guest", SCRIPT, "--share", share,
               "--program", "vmedia-nbd", "--program", "nbd-client",
               "--program", "qemu-nbd", "--program", "nbdcopy",
               "--module", "nbd nbds_max=2", "--module", "tls",
               "--module", "gcm", "--module", "aesni_intel", timeout=BOOT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return results_of(done.stdout)


def sha(content):
    return hashlib.sha256(content).hexdigest()


def log_of(result):
    return "\n".join(result["log"])


@pytest.mark.parametrize("client", [
    "kernel-tcp", "kernel-several", "kernel-ioctl", "kernel-unix",
    "kernel-x509", "qemu-psk"])
def test_a_device_reads_and_writes_what_the_image_has(results, content, client):
    told = results[client]
    assert "error" not in told, told
    assert told["status"] == ["0"]
    assert told["size"] == [str(len(content) // 512)]
    assert told["device"] == [sha(content)]
    changed = content[:65536] + b"w" * 65536 + content[131072:]
    assert told["file"] == [sha(changed)]


def test_several_connections_of_the_kernel_are_one_device(results):
    log = log_of(results["kernel-several"])
    assert log.count("NBD negotiated") == 4


def test_nbd_client_shows_its_certificate(results):
    assert "CN=client" in log_of(results["kernel-x509"])
    assert "secured by" in log_of(results["kernel-x509"])


@pytest.mark.parametrize("client", ["kernel-x509", "qemu-psk", "copy-psk"])
def test_tls_over_tcp_is_done_by_the_kernel(results, content, client):
    told = results[client]
    log = log_of(told)
    assert "TLS required, in the kernel over TCP" in log
    secured = [line for line in told["log"] if "secured by" in line]
    assert secured
    for line in secured:
        assert ", by the kernel" in line
        # OpenSSL 3.0 leaves receiving in TLS 1.3 to itself.
        if "TLSv1.2" in line:
            assert told["kernel-receives"] == told["kernel-sends"]
    assert int(told["kernel-sends"][0]) == len(secured)
    assert told["device"] == [sha(content)]


def test_without_tls_the_kernel_counts_none(results):
    assert results["kernel-tcp"]["kernel-sends"] == ["0"]


def guest(script, *options):
    need_kernel()
    return run("vmedia-sim", "guest", script, *options, timeout=BOOT_S)


def test_the_scripts_status_and_output_are_those_of_the_command(tmp_path):
    script = tmp_path / "script"
    script.write_text("echo before\nexit 7\n")
    done = guest(script)
    assert (done.returncode, done.stdout, done.stderr) == (7, "before\n", "")


def test_what_cannot_be_tried_is_one_line(tmp_path):
    script = tmp_path / "script"
    script.write_text("true\n")
    rows = [
        ([tmp_path / "none"], f"{tmp_path}/none does not exist"),
        ([script, "--share", "/no/such"], "/no/such does not exist"),
        ([script, "--program", "no-such"], "no-such is neither in"),
        ([script, "--module", "no-such"], "has no module no-such"),
    ]
    for arguments, text in rows:
        done = guest(*arguments)
        assert done.returncode == 2, done.stderr
        assert done.stderr.count("\n") == 1
        assert text in done.stderr
