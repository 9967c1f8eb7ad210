# SPDX-License-Identifier: Apache-2.0
"""vmediad's start, its end, and who may call it."""

import errno
import grp
import os
import pathlib
import pwd
import signal

import pytest

from fixtures.bus import SYSTEM_POLICY, Bus, CallError, Client
from fixtures.program import Program, require, run
from vmedia.bus.conftest import LEGACY, NAME, PROXY, Service, Vmediad

PROXY_MODE = NAME + ".Proxy"


def start(*arguments):
    """(status, lines) of one that is expected to end."""
    ended = run("vmediad-scripted", *arguments)
    assert ended.stdout == ""
    return ended.returncode, ended.stderr.splitlines()


def test_without_a_bus(config, tmp_path):
    address = f"unix:path={tmp_path}/none"
    assert start("--config", config, "--bus", address) == (1, [
        f"vmediad: connecting to the bus at {address}: No such file or "
        "directory; is dbus-daemon running? --bus ADDRESS names another bus"])


def test_an_address_that_is_none(config):
    assert start("--config", config, "--bus", "here") == (2, [
        "vmediad: 'here' is no address of a bus; one is "
        "unix:path=/run/dbus/system_bus_socket"])


def test_one_bus_only(config):
    status, lines = start("--config", config, "--system", "--session")
    assert status == 2
    assert len(lines) == 1


def test_the_session_bus_is_found(bus, config):
    environment = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=bus.address)
    with Program("vmediad-scripted", "--session", "--config", config,
                 env=environment) as service:
        service.wait_for(f"{NAME} is on the session bus")
        assert service.stop() == 0


def test_the_system_bus_is_the_default(bus, config):
    environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.address)
    with Program("vmediad-scripted", "--config", config,
                 env=environment) as service:
        service.wait_for(f"{NAME} is on the system bus with 2 mount points")
        assert service.stop() == 0


def test_the_name_has_an_owner(service, bus, config):
    assert start("--config", config, "--bus", bus.address) == (1, [
        f"vmediad: {NAME} has an owner on the bus at {bus.address} already; "
        f"another service is running: busctl status {NAME}"])


def test_mistakes_of_the_configuration(bus, tmp_path):
    config = tmp_path / "virtual-media.json"
    config.write_text('{"MountPoints":\n {"A": {"Mode": 2},\n  "B": {}}}')
    status, lines = start("--config", config, "--bus", bus.address)
    assert status == 2
    assert len(lines) > 1
    assert all(line.startswith(f"vmediad: {config}:") for line in lines)


def test_nothing_to_end(service, client):
    assert service.stop() == 0
    assert service.output.splitlines()[-2:] == ["shutdown ISO0",
                                                "shutdown Web1"]


def test_what_is_mounted_is_ended_first(service, client):
    service.play("show ISO0 state 2 active 1")
    service.process.send_signal(signal.SIGTERM)
    service.wait_for("^shutdown Web1$")
    # It is still there for who wants to know, and takes nothing new.
    with pytest.raises(CallError) as error:
        client.call(NAME, PROXY, PROXY_MODE, "Mount")
    assert (error.value.name, error.value.text) == (
        f"System.Error.{errno.errorcode[errno.ESHUTDOWN]}",
        "vmediad is ending")
    assert client.call(NAME, PROXY, PROXY_MODE, "Unmount") == (True,)
    service.play("show ISO0 state 3 active 0")
    service.play("complete ISO0 0")
    service.play("show Web1 state 0")
    service.process.stdin.write(b"show ISO0 state 0\n")
    service.process.stdin.flush()
    assert service.wait() == 0
    came = client.wait_for(lambda one: one.member == "Completion")
    assert [one.body[1] for one in came[:-1]] == [{"Active": True},
                                                  {"Active": False}]


def test_a_second_signal_waits_for_nothing(service):
    service.play("show Web1 state 3")
    service.process.send_signal(signal.SIGTERM)
    service.wait_for("^shutdown Web1$")
    service.process.send_signal(signal.SIGINT)
    assert service.wait() == 1
    assert service.output.splitlines()[-1] == (
        "vmediad: not ended when a second signal came: Web1 (deactivating); "
        "the next start cleans up what is left")


def test_the_bus_goes(config):
    with Bus() as bus, Service(bus, config) as service:
        service.play("show ISO0 state 2")
        bus.stop()
        service.wait_for("^shutdown ISO0$")
        service.process.stdin.write(b"show ISO0 state 0\n")
        service.process.stdin.flush()
        assert service.wait() == 1
        assert service.output.splitlines()[-1].startswith(
            f"vmediad: the bus at {bus.address} is gone: ")


def test_the_service_itself_refuses_and_completes(bus, client, tmp_path):
    with Vmediad(bus, tmp_path) as vmediad:
        (device,) = client.call(
            NAME, PROXY, "org.freedesktop.DBus.Properties", "Get", "(ss)",
            NAME + ".MountPoint", "Device")
        assert device == f"{tmp_path}/dev/nbd0"
        with pytest.raises(CallError) as error:
            client.call(NAME, LEGACY, NAME + ".Legacy", "Mount", "(s)",
                        "ftp://h/image")
        assert error.value.name == "System.Error.EINVAL"
        vmediad.wait_for("^vmediad: Web1: ftp://h/image is no https:// or")
        with pytest.raises(CallError) as error:
            client.call(NAME, PROXY, PROXY_MODE, "Unmount")
        assert error.value.name == "System.Error.EPERM"
        client.order.clear()
        assert client.call(NAME, PROXY, PROXY_MODE, "Mount") == (True,)
        *_, completion = client.wait_for(lambda m: m.member == "Completion")
        # There is no /dev/nbd0 in the folder.
        assert completion.body[0] in (errno.ENODEV, errno.ENOENT)
        # Who waits for Completion once the answer is there hears of it.
        assert client.order.index("answer") < client.order.index("Completion")
        assert vmediad.stop() == 0


def test_the_service_itself_cannot_have_its_run_directory(bus, tmp_path):
    (tmp_path / "run").write_text("a file")
    with Program(*Vmediad(bus, tmp_path).command) as vmediad:
        assert vmediad.wait() == 1
        assert len(vmediad.output.splitlines()) == 1
        assert f"{tmp_path}/run" in vmediad.output


# The policy file, as built. Its group is there on no machine of ours, so
# another stands for it.
GROUP = "games"


def policy():
    path = (pathlib.Path(os.environ["VMEDIA_BIN"]).parent / "share" / "dbus-1"
            / "system.d" / f"{NAME}.conf")
    return path.read_text()


def call_as(bus, *arguments, **who):
    return run(require("busctl", "systemd"), f"--address={bus.address}",
               "call", NAME, PROXY, *arguments, **who)


needs_root = pytest.mark.skipif(os.geteuid() != 0,
                                reason="needs root, to be other users")


@needs_root
def test_root_and_the_group_may_call(config):
    text = policy()
    assert text.count('group="web"') == 1
    text = text.replace('group="web"', f'group="{GROUP}"')
    group = grp.getgrnam(GROUP).gr_gid
    nobody = pwd.getpwnam("nobody").pw_uid
    with Bus(SYSTEM_POLICY, [text]) as bus, Service(bus, config) as service:
        methods = [(PROXY_MODE, "Mount"), (PROXY_MODE, "Unmount"),
                   ("org.freedesktop.DBus.Properties", "GetAll", "s", ""),
                   ("org.freedesktop.DBus.Introspectable", "Introspect")]
        for method in methods:
            refused = call_as(bus, *method, user=nobody, group=nobody,
                              extra_groups=[])
            assert refused.returncode == 1
            assert refused.stderr == "Call failed: Access denied\n"
        assert service.asked() == []
        for who in ({}, {"user": nobody, "group": nobody,
                         "extra_groups": [group]}):
            for method in methods:
                done = call_as(bus, *method, **who)
                assert done.returncode == 0, done.stderr
        assert len(service.asked()) == 4


@needs_root
def test_others_cannot_own_the_name(tmp_path, config):
    nobody = pwd.getpwnam("nobody").pw_uid
    with Bus(SYSTEM_POLICY, [policy()]) as bus:
        copy = bus.directory / "virtual-media.json"
        copy.write_text(config.read_text())
        copy.chmod(0o644)
        ended = run("vmediad-scripted", "--bus", bus.address, "--config", copy,
                    user=nobody, group=nobody, extra_groups=[])
        assert (ended.returncode, ended.stderr) == (
            1, f"vmediad: the bus at {bus.address} does not let us own {NAME}; "
            "its policy file has to be installed, and we have to be root\n")


@needs_root
def test_without_the_policy_file_not_even_root(config):
    with Bus(SYSTEM_POLICY) as bus:
        status, lines = start("--config", config, "--bus", bus.address)
        assert status == 1
        assert "does not let us own" in lines[0]


def test_signals_reach_who_listens(service, client, bus):
    with Client(bus.address) as other:
        other.listen(NAME)
        service.play("complete ISO0 0")
        for one in (client, other):
            one.wait_for(lambda m: m.member == "Completion")
