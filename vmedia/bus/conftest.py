# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess

import pytest

from fixtures.bus import Bus, Client
from fixtures.program import Program

NAME = "xyz.openbmc_project.VirtualMedia"
ROOT = "/xyz/openbmc_project/VirtualMedia"

CONFIG = {
    "InactivityTimeout": 1800,
    "MountPoints": {
        "ISO0": {"EndpointId": "/nbd/0", "Mode": 0, "NBDDevice": "/dev/nbd0",
                 "UnixSocket": "/run/virtual-media/nbd0.sock", "Timeout": 31,
                 "BlockSize": 1024},
        "Web1": {"EndpointId": "/nbd/1", "Mode": 1, "NBDDevice": "nbd1",
                 "UnixSocket": "/run/virtual-media/nbd1.sock", "Timeout": 61},
    },
}
PROXY = ROOT + "/Proxy/ISO0"
LEGACY = ROOT + "/Legacy/Web1"


class Service(Program):
    """vmediad's objects over slots that the test plays."""

    played = 0

    def __init__(self, bus, config, *arguments):
        super().__init__("vmediad-scripted", "--bus", bus.address, "--config",
                         config, *arguments, stdin=subprocess.PIPE)

    def __enter__(self):
        super().__enter__()
        self.wait_for(f"{NAME} is on ")
        return self

    def __exit__(self, *details):
        self.process.stdin.close()
        super().__exit__(*details)

    def play(self, line):
        """Returns once it is done, and what it tells the bus is sent."""
        self.played += 1
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()
        self.wait_for(f"^done {self.played}$")

    def asked(self):
        """What the slots were asked for so far, line by line."""
        self.play("show ISO0") # what was printed before has been read then
        return [line for line in self.output.splitlines()
                if line.startswith(("mount ", "unmount ", "shutdown "))]

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))


class Vmediad(Program):
    """The service itself; what it would find in the system is in @folder."""

    def __init__(self, bus, folder, *arguments):
        for name in ("dev", "sys", "configfs", "udc"):
            (folder / name).mkdir()
        config = folder / "virtual-media.json"
        config.write_text(json.dumps(CONFIG | {"Roots": {
            "Devices": str(folder / "dev"), "Sysfs": str(folder / "sys"),
            "Configfs": str(folder / "configfs"),
            "UDCClass": str(folder / "udc"),
            "RunDirectory": str(folder / "run")}}))
        super().__init__("vmediad", "--bus", bus.address, "--config", config,
                         *arguments)

    def __enter__(self):
        super().__enter__()
        self.wait_for(f"{NAME} is on ")
        return self


@pytest.fixture(name="bus", scope="module")
def _bus():
    with Bus() as bus:
        yield bus


@pytest.fixture(name="config", scope="module")
def _config(tmp_path_factory):
    path = tmp_path_factory.mktemp("vmediad") / "virtual-media.json"
    path.write_text(json.dumps(CONFIG))
    return path


@pytest.fixture(name="client")
def _client(bus):
    with Client(bus.address) as client:
        client.listen(NAME)
        yield client


@pytest.fixture(name="service")
def _service(bus, config, client):
    with Service(bus, config) as service:
        yield service


@pytest.fixture(name="intel")
def _intel(bus, config, client):
    with Service(bus, config, "--compat=intel") as service:
        yield service
