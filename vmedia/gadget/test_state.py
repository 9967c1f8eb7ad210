# SPDX-License-Identifier: Apache-2.0
"""The state hook on plain directories: what it refuses, and that it cleans up.
A plain directory makes no lun.0 by itself; a hook that is run with a mkdir of
the test's stands in for configfs there. The real one is for the VM."""

import os
import pathlib
import shutil
import subprocess

import pytest

from fixtures.program import DEADLINE_S, require

HOOK = pathlib.Path(__file__).with_name("state")
ISO = bytes(32769) + b"CD001" + bytes(2048)

# configfs makes the attributes of a directory with it, and takes them along.
CONFIGFS = {
    "mkdir": """#!/bin/sh
/bin/mkdir "$@" || exit
case $1 in
*/usb_gadget/*/*) ;;
*) /bin/mkdir "$1/strings" "$1/configs" "$1/functions"; : > "$1/UDC" ;;
esac
case $1 in
*/configs/c.1) /bin/mkdir "$1/strings" ;;
*/mass_storage.usb0) /bin/mkdir "$1/lun.0" ;;
esac
""",
    "rmdir": """#!/bin/sh
case $1 in
*/strings/0x409 | */mass_storage.usb0) exec rm -r "$1" ;;
*/configs/c.1) /bin/rmdir "$1/strings" ;;
*) rm -f "$1/UDC" "$1/idVendor" "$1/idProduct"
   /bin/rmdir "$1/strings" "$1/configs" "$1/functions" ;;
esac
exec /bin/rmdir "$1"
""",
}


class Roots:
    def __init__(self, folder, shell):
        self.folder, self.shell = folder, shell
        self.gadgets = folder / "config" / "usb_gadget"
        self.gadgets.mkdir(parents=True)
        (folder / "udc").mkdir()
        tools = folder / "bin"
        tools.mkdir()
        for name, text in CONFIGFS.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
        self.medium = folder / "medium"
        self.medium.write_bytes(ISO)

    def add_udc(self, name):
        (self.folder / "udc" / name).mkdir()

    def hold(self, udc):
        other = self.gadgets / f"other-{udc}"
        other.mkdir()
        (other / "UDC").write_text(udc + "\n")

    def run(self, *arguments, **environment):
        given = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                 "CONFIGFS": str(self.folder / "config"),
                 "UDC_CLASS": str(self.folder / "udc"),
                 "NBD_DEVICE": str(self.medium),
                 "NBD_SIZE": str(self.medium.stat().st_size), **environment}
        return subprocess.run([*self.shell, HOOK, *arguments], text=True,
                              capture_output=True, timeout=DEADLINE_S,
                              check=False, env={key: value for key, value
                                                in given.items() if value})

    def left(self):
        return sorted(path.name for path in self.gadgets.glob("vmedia-*"))


@pytest.fixture(name="roots")
def _roots(tmp_path):
    return Roots(tmp_path, [require("dash", "dash")])


@pytest.fixture(name="any_shell", params=["dash", "busybox sh"])
def _any_shell(request, tmp_path):
    """For what ends before a directory is made: busybox runs its own mkdir,
    whatever PATH says."""
    name, *more = request.param.split()
    return Roots(tmp_path, [require(name, name), *more])


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
        "start", "0", NBD_SIZE=str(1152000 * 2048 + 1)).stdout
    assert (lun / "cdrom").read_text() == "0\n"
    assert "as CD-ROM" in roots.run(
        "start", "0", NBD_SIZE=str(1152000 * 2048)).stdout
    roots.medium.write_bytes(bytes(40000))
    assert "as disk" in roots.run("start", "0", READONLY="0").stdout
    assert (lun / "ro").read_text() == "0\n"


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


def test_without_configfs(any_shell):
    shutil.rmtree(any_shell.gadgets)
    ran = any_shell.run("start", "0")
    assert ran.returncode == 1
    assert ran.stderr == (f"state: no {any_shell.gadgets}; modprobe libcomposite, "
                          "and mount configfs\n")


@pytest.mark.parametrize("arguments, text", [
    ([], "0 arguments"), (["start"], "1 arguments"),
    (["go", "0"], "'go' is neither start nor stop"),
    (["start", "../x"], "NAME is '../x', wanted letters, digits, . _ -"),
    (["start", ""], "NAME is '', wanted letters, digits, . _ -")])
def test_wrong_arguments(any_shell, arguments, text):
    ran = any_shell.run(*arguments)
    assert (ran.returncode, ran.stderr) == (
        2, f"state: {text}; usage: state start|stop NAME\n")


@pytest.mark.parametrize("environment, text", [
    ({"NBD_DEVICE": ""}, "NBD_DEVICE is not set; "),
    ({"NBD_DEVICE": "/nonexistent"}, "cannot read NBD_DEVICE /nonexistent"),
    ({"NBD_SIZE": "many"}, "is 'many'; set NBD_SIZE to its bytes"),
    ({"READONLY": "yes"}, "READONLY is 'yes', wanted 0 or 1")])
def test_wrong_environment(any_shell, environment, text):
    any_shell.add_udc("a")
    ran = any_shell.run("start", "0", **environment)
    assert ran.returncode == 1
    assert text in ran.stderr and ran.stderr.count("\n") == 1
    assert any_shell.left() == []


@pytest.mark.parametrize("checker", [["dash", "-n"], ["shellcheck"]])
def test_is_plain_posix_sh(checker):
    program = require(checker[0], checker[0])
    ran = subprocess.run([program, *checker[1:], HOOK], capture_output=True,
                         text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
