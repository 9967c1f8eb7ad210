# SPDX-License-Identifier: Apache-2.0
"""vmedia/gadget on a real kernel: what it makes of configfs, which limits the
kernel has, and what is left when it refuses."""

import pathlib
import re

import pytest

from fixtures.guest import BOOT_S, need_kernel
from fixtures.program import run

SCRIPT = pathlib.Path(__file__).parent / "guest" / "gadget.sh"
SOURCE = pathlib.Path(__file__).parents[2] / "vmedia/gadget/kernel_test.cpp"
TESTS = re.findall(r"^TEST_F\(Kernel, (\w+)\)", SOURCE.read_text(), re.M)


@pytest.fixture(scope="module")
def output():
    need_kernel()
    done = run("vmedia-sim", "guest", SCRIPT,
               "--program", "vmedia_gadget_kernel_test",
               "--module", "dummy_hcd num=3", "--module", "libcomposite",
               "--module", "usb_f_mass_storage",
               # Another driver, and what it asks for by itself.
               "--module", "usb_f_acm", "--module", "g_serial",
               "--module", "usb_storage delay_use=0", "--module", "sr_mod",
               "--module", "sd_mod", timeout=BOOT_S)
    print(done.stdout + done.stderr)
    return done.stdout


@pytest.mark.parametrize("name", TESTS)
def test_the_kernel(output, name):
    assert re.search(rf"^\[ +OK \] Kernel\.{name} ", output, re.M)
