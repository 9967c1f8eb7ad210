# SPDX-License-Identifier: Apache-2.0
"""vmedia-sim boot, as its users run it: whole machines, real BIOS and kernel.

TCG on a busy machine takes half a minute for a boot; VMEDIA_TIMEOUT_SCALE
stretches every deadline, here and in the simulator.
"""

import json
import os
import signal
import subprocess

import pytest

from fixtures.program import Program, ours, require, run

BOOT_S = 240 * float(os.environ.get("VMEDIA_TIMEOUT_SCALE", "1"))
STAGES = [
    "bmc-powered", "bmc-user-space", "bmc-listening", "websocket-open",
    "nbd-negotiated", "device-size", "gadget-bound", "cable-ready",
    "host-powered", "host-enumerates", "bios-boots", "loader", "user-space",
    "medium-read",
]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """What the simulator needs; and afterwards, that it left nothing."""
    require("qemu-system-x86_64", "qemu-system-x86")
    temp = tmp_path / "t"
    temp.mkdir()
    monkeypatch.setenv("TMPDIR", str(temp))
    yield tmp_path
    assert list(temp.iterdir()) == []
    assert processes_with(str(temp)) == []


def processes_with(text):
    """Command lines of processes that mention @text, e.g. their run folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                line = file.read().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it ended meanwhile
            continue
        if text in line:
            found.append(line)
    return found


def need_kernel():
    if run("vmedia-sim", "boot", "/nonexistent").returncode == 127:
        pytest.fail("vmedia-sim does not start")
    cache = os.environ.get("VMEDIA_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
        "vmedia")
    if not os.path.isdir(os.path.join(cache, "linux")):
        text = "no kernel for the VMs: run ci/fetch-kernel"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)


def one_line(result):
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_default_cd_boots_and_every_byte_is_equal(lab):
    need_kernel()
    report = lab / "report.json"
    result = run("vmedia-sim", "boot", "--json", report, "--logs", lab / "logs",
                 timeout=BOOT_S)
    assert result.returncode == 0, result.stdout + result.stderr
    told = json.loads(report.read_text())
    assert told["schema"] == 1 and told["ok"] and told["failure"] is None
    assert [stage["id"] for stage in told["stages"]] == STAGES
    times = [stage["ms"] for stage in told["stages"]]
    assert times == sorted(times)
    assert told["medium"]["bytes"] == told["image"]["size"]
    assert told["medium"]["sha256_host"] == told["medium"]["sha256_file"]
    told_by_others = subprocess.run(
        ["sha256sum", told["image"]["path"]], capture_output=True, text=True)
    assert told_by_others.stdout.split()[0] == told["medium"]["sha256_host"]


def test_image_without_a_boot_sector_fails_at_the_bios(lab):
    need_kernel()
    image = lab / "zeroes.img"
    image.write_bytes(bytes(1 << 20))
    report = lab / "report.json"
    result = run("vmedia-sim", "boot", image, "--json", report, timeout=BOOT_S)
    assert result.returncode == 1, result.stdout + result.stderr
    assert result.stderr.startswith(
        "vmedia-sim: the BIOS did not boot it: host says 'Boot failed: ")
    assert "  | Booting from Hard Disk..." in result.stderr
    told = json.loads(report.read_text())
    assert told["failure"]["stage"] == "bios-boots"
    assert told["stages"][-1]["id"] == "host-enumerates"


def test_boot_sector_of_somebody_else_is_known_by_its_text(lab):
    need_kernel()
    # mov si, text; print by int 10h until a 0; halt.
    code = bytes.fromhex("31c08ed8be197cac84c07409b40ebb0700cd10ebf2f4ebfd")
    text = b"\0VMEDIA-BOOT-OK\r\n\0"
    sector = (code + text).ljust(510, b"\0") + b"\x55\xaa"
    image = lab / "sector.img"
    # 100 bytes more than whole blocks: nbd-client leaves them out.
    image.write_bytes(sector + bytes(range(256)) * 4094 + bytes(100))
    result = run("vmedia-sim", "boot", image, "--expect", "VMEDIA-BOOT-OK",
                 timeout=BOOT_S)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "VMEDIA-BOOT-OK" in result.stdout
    assert "the last 100 bytes of the image stay unread" in result.stdout


def test_ctrl_c_ends_everything(lab):
    need_kernel()
    with Program("vmedia-sim", "boot") as sim:
        sim.wait_for("BMC: user space", BOOT_S)
        assert processes_with("vmedia-bmc") != []
        assert sim.stop(signal.SIGINT) == 130
        assert "ended by Ctrl-C" in sim.output


@pytest.mark.parametrize("make, says", [
    (lambda path: None, "No such file or directory"),
    (lambda path: path.mkdir(), "is a directory, wanted a file"),
    (lambda path: path.touch(), "has 0 bytes, wanted at least one block"),
], ids=["missing", "directory", "empty"])
def test_bad_image_is_one_line_before_any_machine(lab, make, says):
    image = lab / "image"
    make(image)
    result = run("vmedia-sim", "boot", image)
    assert result.returncode == 2
    assert one_line(result).startswith(f"vmedia-sim: {image}")
    assert says in one_line(result)
    assert result.stdout == ""


def test_without_qemu_the_package_is_named(lab):
    need_kernel()
    result = run(ours("vmedia-sim"), "boot",
                 env={**os.environ, "PATH": str(lab)})
    assert result.returncode == 2
    assert one_line(result) == ("vmedia-sim: qemu-system-x86_64 is missing; "
                                "apt-get install qemu-system-x86")


def test_without_kernel_it_says_how_to_get_one(lab):
    result = run("vmedia-sim", "boot", "--kernel", lab)
    assert result.returncode == 2
    assert "ci/fetch-kernel" in one_line(result)


def test_unknown_option_is_usage():
    assert run("vmedia-sim", "boot", "--bogus").returncode == 2


def test_up_serves_what_its_own_command_line_pushes(lab):
    """The line that it prints can be pasted, and a host boots from it."""
    need_kernel()
    image = lab / "zeroes.img"
    image.write_bytes(bytes(1 << 20))
    with Program("vmedia-sim", "up", "--host") as up:
        line = up.wait_for(r"^  (\S*vmedia-nbd push .*)$", BOOT_S).group(1)
        command = [str(image) if word == "IMAGE" else word
                   for word in line.split()]
        with Program(*command) as push:
            push.wait_for("NBD negotiated", BOOT_S)
            up.wait_for("host: BIOS sees the medium", BOOT_S)
        assert up.stop(signal.SIGINT) == 0
