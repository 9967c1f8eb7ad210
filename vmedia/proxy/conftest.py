# SPDX-License-Identifier: Apache-2.0
import pytest

from fixtures.loop_device import LoopDevice
from fixtures.nbd_proxy import MIB, Bench


@pytest.fixture(scope="module", name="disk")
def _disk():
    with LoopDevice(MIB) as disk:
        yield disk


@pytest.fixture(name="bench")
def _bench(tmp_path_factory, disk):
    bench = Bench(tmp_path_factory.mktemp("p"), disk)
    bench.write_hook()
    with bench.closing:
        yield bench
