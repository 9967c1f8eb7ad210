# SPDX-License-Identifier: Apache-2.0
"""The state hook on plain directories: what it refuses, and that it cleans up.
fixtures/fake_configfs.cpp stands in for the kernel; the real one is for the VM
(sim/scenarios/test_gadget.py)."""

import re
import shutil

import pytest

from fixtures.program import ours, run

# As long as a CD-ROM has to be.
ISO = bytes(32769) + b"CD001" + bytes(300 * 2048 - 32774)
CDROM_MOST = (256 * 60 * 75 - 1) * 2048


class Roots:
    def __init__(self, folder):
        self.folder = folder
        self.gadgets = folder / "config" / "usb_gadget"
        self.gadgets.mkdir(parents=True)
        (folder / "udc").mkdir()
        self.medium = folder / "medium"
        self.medium.write_bytes(ISO)

    def add_udc(self, name):
        (self.folder / "udc" / name).mkdir()

    def hold(self, udc):
        other = self.gadgets / f"other-{udc}"
        other.mkdir()
        (other / "UDC").write_text(udc + "\n")

    def run(self, *arguments, **environment):
        given = {"CONFIGFS": str(self.folder / "config"),
                 "UDC_CLASS": str(self.folder / "udc"),
                 "NBD_DEVICE": str(self.medium),
                 "NBD_SIZE": str(self.medium.stat().st_size),
                 "LD_PRELOAD": ours("fake_configfs.so"), **environment}
        return run("state", *arguments, env={key: value for key, value
                                             in given.items() if value})

    def left(self):
        return sorted(path.name for path in self.gadgets.glob("vmedia-*"))


@pytest.fixture(name="roots")
def _roots(tmp_path):
    return Roots(tmp_path)


def test_start_and_stop(roots):
    roots.add_udc("dummy_udc.0")
    ran = roots.run("start", "0")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == ("state: gadget vmedia-0 bound to dummy_udc.0 as "
                          f"CD-ROM ({len(ISO)} bytes)\n")
    gadget = roots.gadgets / "vmedia-0"
    lun = gadget / "functions/mass_storage.usb0/lun.0"
    wanted = {gadget / "idVendor": "0x1d6b", gadget / "idProduct": "0x0104",
              gadget / "UDC": "dummy_udc.0",
              gadget / "strings/0x409/serialnumber": "vmedia-0",
              lun / "removable": "1", lun / "ro": "1", lun / "cdrom": "1",
              lun / "file": str(roots.medium),
              lun / "inquiry_string": "OpenBMC Media 0         0001"}
    assert {path: path.read_text().rstrip("\n") for path in wanted} == wanted
    for _ in range(2):  # stopping again is no error
        ran = roots.run("stop", "0", NBD_DEVICE="")
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
        assert roots.left() == []


def test_what_is_no_iso_or_too_large_is_a_disk(roots):
    roots.add_udc("a")
    lun = roots.gadgets / "vmedia-0/functions/mass_storage.usb0/lun.0"
    assert "as disk" in roots.run(
        "start", "0", NBD_SIZE=str(CDROM_MOST + 2048)).stdout
    assert (lun / "cdrom").read_text() == "0\n"
    assert "as CD-ROM" in roots.run(
        "start", "0", NBD_SIZE=str(CDROM_MOST)).stdout
    roots.medium.write_bytes(bytes(40000))
    assert "as disk" in roots.run("start", "0", READONLY="0").stdout
    assert (lun / "ro").read_text() == "0\n"
    roots.medium.write_bytes(ISO[:-1])
    assert "as disk" in roots.run("start", "0").stdout


def test_the_kind_can_be_said(roots):
    roots.add_udc("a")
    assert "as disk" in roots.run("start", "0", MEDIA_KIND="disk").stdout
    roots.medium.write_bytes(bytes(len(ISO)))
    assert "as CD-ROM" in roots.run("start", "0", MEDIA_KIND="cdrom").stdout
    ran = roots.run("start", "0", MEDIA_KIND="cdrom", NBD_SIZE="3000000000")
    assert ran.returncode == 1
    assert ran.stderr == (
        "state: 3000000000 bytes are too many for a CD-ROM, which has 614400 "
        "to 2359293952; show it as a disk\n")


def test_the_size_is_the_mediums_where_nobody_says_it(roots):
    roots.add_udc("a")
    assert f"({len(ISO)} bytes)" in roots.run("start", "0", NBD_SIZE="").stdout


def test_a_stale_gadget_is_replaced(roots):
    roots.add_udc("a")
    assert roots.run("start", "0").returncode == 0
    ran = roots.run("start", "0")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert roots.left() == ["vmedia-0"]


def test_takes_the_first_udc_that_is_free_by_its_whole_name(roots):
    for name in ("u.1", "u.10", "u.2"):
        roots.add_udc(name)
    roots.hold("u.10")
    assert "bound to u.1 as" in roots.run("start", "0").stdout
    assert "bound to u.2 as" in roots.run("start", "1").stdout
    ran = roots.run("start", "2")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == (f"state: no free UDC in {roots.folder}/udc; stop "
                          "another medium first\n")
    assert roots.left() == ["vmedia-0", "vmedia-1"]
    roots.run("stop", "1")
    assert roots.left() == ["vmedia-0"]


def test_without_configfs(roots):
    shutil.rmtree(roots.gadgets)
    ran = roots.run("start", "0")
    assert ran.returncode == 1
    assert ran.stderr == (f"state: no {roots.gadgets}; modprobe libcomposite, "
                          "and mount configfs\n")


@pytest.mark.parametrize("arguments, text", [
    ([], "0 arguments"), (["start"], "1 arguments"),
    (["start", "0", "1"], "3 arguments"),
    (["go", "0"], "'go' is neither start nor stop"),
    (["start", "../x"], "NAME is '../x', wanted letters, digits, . _ -"),
    (["start", ""], "NAME is '', wanted letters, digits, . _ -")])
def test_wrong_arguments(roots, arguments, text):
    ran = roots.run(*arguments)
    assert (ran.returncode, ran.stderr) == (
        2, f"state: {text}; usage: state start|stop NAME\n")


@pytest.mark.parametrize("environment, text", [
    ({"NBD_DEVICE": ""}, "NBD_DEVICE is not set; "),
    ({"NBD_DEVICE": "/nonexistent"}, "cannot read NBD_DEVICE /nonexistent"),
    ({"NBD_SIZE": "many"}, "is 'many'; set NBD_SIZE to its bytes"),
    ({"READONLY": "yes"}, "READONLY is 'yes', wanted 0 or 1"),
    ({"MEDIA_KIND": "dvd"}, "MEDIA_KIND is 'dvd', wanted auto, cdrom or disk")])
def test_wrong_environment(roots, environment, text):
    roots.add_udc("a")
    ran = roots.run("start", "0", **environment)
    assert ran.returncode == 1
    assert text in ran.stderr and ran.stderr.count("\n") == 1
    assert roots.left() == []


@pytest.mark.parametrize("lacking, status", [("nofua inquiry_string", 0),
                                             ("cdrom", 1)])
def test_says_which_attributes_the_kernel_lacks(roots, lacking, status):
    roots.add_udc("a")
    ran = roots.run("start", "0", FAKE_CONFIGFS_WITHOUT=lacking)
    assert ran.returncode == status
    assert ran.stderr.count("\n") == 1
    for name in lacking.split():
        assert f"lun.0/{name}" in ran.stderr
    assert roots.left() == ([] if status else ["vmedia-0"])


def test_each_line_of_the_help_has_its_place(roots):
    shown = roots.run("--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    for name in ("NBD_DEVICE", "NBD_SIZE", "READONLY", "MEDIA_KIND",
                 "CONFIGFS", "UDC_CLASS"):
        assert re.search(rf"^  {name} ", shown.stdout, re.M), shown.stdout
    wrong = roots.run("start", "0", "--no-such-option")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert re.fullmatch(r"state: .*; see state --help\n", wrong.stderr)
