# SPDX-License-Identifier: Apache-2.0
"""vmediad with real parts: a bus, nbd-client, kernel nbd and USB gadgets, and a
host that sees the drives, in one machine."""

import errno
import hashlib
import pathlib
import random
import subprocess

import pytest

from fixtures.guest import BOOT_S, SEED, need_kernel, results_of
from fixtures.program import require, run

SCRIPT = pathlib.Path(__file__).parent / "guest" / "vmediad.sh"
MIB = 1 << 20
CONFIG = """{
  "MountPoints": {
    "ISO0": {"EndpointId": "/nbd/0", "Mode": 0, "NBDDevice": "/dev/nbd0"},
    "USB1": {"EndpointId": "/nbd/1", "Mode": 0, "NBDDevice": "/dev/nbd1",
             "Readonly": false},
  }
}
"""
BUS = """<busconfig>
  <listen>unix:path=/run/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def share(tmp_path_factory):
    print(f"seed {SEED}")
    folder = tmp_path_factory.mktemp("share")
    files = tmp_path_factory.mktemp("files")
    chance = random.Random(SEED)
    (files / "content").write_bytes(chance.randbytes(MIB))
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-o",
                    folder / "disk.iso", files], check=True)
    (folder / "disk.img").write_bytes(chance.randbytes(2 * MIB))
    (folder / "virtual-media.json").write_text(CONFIG)
    (folder / "bus.conf").write_text(BUS)
    return folder


@pytest.fixture(scope="module")
def results(share):
    need_kernel()
    for program, package in (("nbd-client", "nbd-client"),
                             ("dbus-daemon", "dbus"), ("eject", "eject"),
                             ("xorriso", "xorriso")):
        require(program, package)
    done = run("vmedia-sim", "guest", SCRIPT, "--share", share,
               "--program", "vmediad", "--program", "vmedia-nbd",
               "--program", "nbd-client", "--program", "dbus-daemon",
               "--program", "dbus-send", "--program", "dbus-monitor",
               "--program", "eject",
               "--module", "nbd nbds_max=2", "--module", "dummy_hcd num=2",
               "--module", "libcomposite", "--module", "usb_f_mass_storage",
               "--module", "usb_storage delay_use=0", "--module", "sr_mod",
               "--module", "sd_mod", timeout=BOOT_S)
    print(done.stdout + done.stderr)
    assert done.returncode == 0
    return results_of(done.stdout)


def nothing_left(told):
    return ("gadget" not in told and "still" not in told and
            "error" not in told and set(told["sectors"]) == {"0"})


def test_a_slot_is_ready_before_and_after(results):
    assert results["start"]["ready"] == ["false"]
    assert nothing_left(results["start"])
    assert results["refused"]["Unmount"] == ["System.Error.EPERM"]


def test_the_host_sees_the_image_as_it_is(results, share):
    told = results["iso"]
    assert told["Mount"] == told["Unmount"] == ["true"], told
    assert told["completion"] == ["0", "0"]
    assert told["active"] == ["true"]
    assert told["again"] == ["System.Error.EPERM"]
    assert told["host"] == [digest((share / "disk.iso").read_bytes())]
    assert int(told["reads"][0]) > 0
    assert nothing_left(told)


def test_what_the_host_writes_is_in_the_image(results, share):
    told = results["disk"]
    image = bytearray((share / "disk.img").read_bytes())
    assert told["completion"] == ["0", "0"], told
    assert told["host"] == [digest(image)]
    image[65536:131072] = b"w" * 65536
    assert told["file"] == [digest(image)]


def test_no_free_udc_is_enodev(results):
    told = results["no-udc"]
    assert told["completion"] == [str(errno.ENODEV)]
    assert nothing_left(told)


def test_what_the_host_ejects_is_unmounted(results):
    told = results["eject"]
    assert told["completion"] == ["0"]
    assert any("eject" in line for line in told["said"])
    assert nothing_left(told)


def test_a_crash_is_cleaned_up_at_the_next_start(results):
    told = results["killed"]
    assert told["completion"] == ["0", "0", "0"]
    assert nothing_left(told)


def test_twenty_media_leave_nothing(results):
    told = results["cycles"]
    assert told["completion"] == ["0"] * 40
    assert "descriptors" not in told
    assert int(told["grown"][0]) < 512, "KiB"
    assert nothing_left(told)


def test_sigterm_unmounts(results):
    assert results["end"]["status"] == ["0"]
    assert nothing_left(results["end"])
