# SPDX-License-Identifier: Apache-2.0
"""What vmediad shows on D-Bus, to clients that are not ours."""

import errno
import os
import pathlib
import xml.etree.ElementTree

import pytest
from gi.repository import GLib

from fixtures.bus import CallError
from fixtures.program import require, run
from vmedia.bus.conftest import LEGACY, NAME, PROXY, ROOT

PROCESS = NAME + ".Process"
MOUNT_POINT = NAME + ".MountPoint"
STATS = NAME + ".Stats"
PROPERTIES = "org.freedesktop.DBus.Properties"

# The tables of OpenBMC's design, "DBus Interface". A method: what it takes and
# what it returns; a signal: what it carries; a property: its type and whether
# it changes. h is today's bmcweb's.
MODE_MEMBERS = {
    ("method", "Unmount", "", "b"),
    ("signal", "Completion", "i"),
}
PROXY_MEMBERS = MODE_MEMBERS | {("method", "Mount", "", "b")}
LEGACY_MEMBERS = MODE_MEMBERS | {
    ("method", "Mount", "s", "b"),
    ("method", "Mount", "sbv", "b"),
    ("method", "Mount", "sbh", "b"),
}
PROCESS_MEMBERS = {
    ("property", "Active", "b", "changes"),
    ("property", "ExitCode", "i", "changes"),
}
MOUNT_POINT_MEMBERS = {
    ("property", "EndPointId", "s", "const"),
    ("property", "Mode", "y", "const"),
    ("property", "Device", "s", "const"),
    ("property", "Socket", "s", "const"),
    ("property", "Timeout", "q", "const"),
    ("property", "BlockSize", "q", "const"),
    ("property", "RemainingInactivityTimeout", "q", "changes"),
    ("property", "ImageURL", "s", "changes"),
    ("property", "WriteProtected", "b", "changes"),
}
STATS_MEMBERS = {
    ("property", "ReadIO", "t", "changes"),
    ("property", "WriteIO", "t", "changes"),
}
DESIGN = {PROCESS: PROCESS_MEMBERS, MOUNT_POINT: MOUNT_POINT_MEMBERS,
          STATS: STATS_MEMBERS}

# The service that is deployed: another spelling, other types, no Stats.
INTEL = {
    PROCESS: PROCESS_MEMBERS,
    MOUNT_POINT: {
        ("property", "Device", "s", "const"),
        ("property", "EndpointId", "s", "const"),
        ("property", "Socket", "s", "const"),
        ("property", "ImageURL", "s", "changes"),
        ("property", "WriteProtected", "b", "changes"),
        ("property", "Timeout", "i", "const"),
        ("property", "RemainingInactivityTimeout", "i", "changes"),
    },
}
DESIGN_OBJECTS = {PROXY: DESIGN | {NAME + ".Proxy": PROXY_MEMBERS},
                  LEGACY: DESIGN | {NAME + ".Legacy": LEGACY_MEMBERS}}
INTEL_OBJECTS = {
    PROXY: INTEL | {NAME + ".Proxy": PROXY_MEMBERS},
    LEGACY: INTEL | {NAME + ".Legacy": MODE_MEMBERS | {
        ("method", "Mount", "sbv", "b")}},
}


def types(member, direction):
    return "".join(one.get("type") for one in member.findall("arg")
                   if one.get("direction", "out") == direction)


def members(interface):
    found = set()
    for one in interface:
        name = one.get("name")
        if one.tag == "method":
            found.add(("method", name, types(one, "in"), types(one, "out")))
        elif one.tag == "signal":
            found.add(("signal", name, types(one, "out")))
        else:
            assert one.get("access") == "read"
            notes = {note.get("name"): note.get("value") for note in one}
            changes = notes.get(
                "org.freedesktop.DBus.Property.EmitsChangedSignal", "changes")
            found.add(("property", name, one.get("type"), changes))
    return found


def introspect(client, path):
    """{interface: members}, of those that are the service's own."""
    (text,) = client.call(NAME, path, "org.freedesktop.DBus.Introspectable",
                          "Introspect")
    node = xml.etree.ElementTree.fromstring(text)
    return {one.get("name"): members(one) for one in node.findall("interface")
            if one.get("name").startswith(NAME)}


@pytest.mark.parametrize("path", [PROXY, LEGACY])
def test_objects_are_those_of_the_design(service, client, path):
    assert introspect(client, path) == DESIGN_OBJECTS[path]


@pytest.mark.parametrize("path", [PROXY, LEGACY])
def test_objects_for_clients_of_the_deployed_service(intel, client, path):
    assert introspect(client, path) == INTEL_OBJECTS[path]


def busctl(client, *arguments):
    # sd-bus is what OpenBMC's programs have below sdbusplus.
    return run(require("busctl", "systemd"), f"--address={client.address}",
               *arguments)


@pytest.mark.parametrize("path", [PROXY, LEGACY])
def test_busctl_sees_the_same(service, client, path):
    shown = busctl(client, "introspect", NAME, path)
    assert shown.returncode == 0, shown.stderr
    found = {}
    for line in shown.stdout.splitlines()[1:]:
        name, kind, signature, rest = line.split(maxsplit=3)
        signature = signature.replace("-", "")
        if kind == "interface":
            interface = found.setdefault(name, set())
        elif kind == "method":
            result = rest.split()[0].replace("-", "")
            interface.add(("method", name[1:], signature, result))
        elif kind == "signal":
            interface.add(("signal", name[1:], signature))
        else:
            changes = "const" if rest.endswith(" const") else "changes"
            assert changes == "const" or rest.endswith(" emits-change")
            interface.add(("property", name[1:], signature, changes))
    found = {name: rows for name, rows in found.items()
             if name.startswith(NAME)}
    assert found == DESIGN_OBJECTS[path]


def test_the_object_manager_tells_all_values(service, client):
    (objects,) = client.call(NAME, ROOT, "org.freedesktop.DBus.ObjectManager",
                             "GetManagedObjects")
    # Folders of objects are none: they have no interface of ours.
    ours = {path: {name: values for name, values in interfaces.items()
                   if name.startswith(NAME)}
            for path, interfaces in objects.items()}
    state = {
        PROCESS: {"Active": False, "ExitCode": -1},
        STATS: {"ReadIO": 0, "WriteIO": 0},
    }
    at_first = {"RemainingInactivityTimeout": 0, "ImageURL": "",
                "WriteProtected": True}
    assert {path: one for path, one in ours.items() if one} == {
        PROXY: state | {
            MOUNT_POINT: at_first | {
                "EndPointId": "/nbd/0", "Mode": 0, "Device": "/dev/nbd0",
                "Socket": "/run/virtual-media/nbd0.sock", "Timeout": 31,
                "BlockSize": 1024},
            NAME + ".Proxy": {}},
        LEGACY: state | {
            MOUNT_POINT: at_first | {
                "EndPointId": "/nbd/1", "Mode": 1, "Device": "/dev/nbd1",
                "Socket": "/run/virtual-media/nbd1.sock", "Timeout": 61,
                "BlockSize": 512},
            NAME + ".Legacy": {}},
    }


def test_intels_values(intel, client):
    (values,) = client.call(NAME, PROXY, PROPERTIES, "GetAll", "(s)",
                            MOUNT_POINT)
    assert values == {
        "EndpointId": "/nbd/0", "Device": "nbd0",
        "Socket": "/run/virtual-media/nbd0.sock", "Timeout": 31,
        "RemainingInactivityTimeout": 0, "ImageURL": "",
        "WriteProtected": True}


CHANGES = [
    ("active 1", PROCESS, "Active", True),
    ("exitCode 7", PROCESS, "ExitCode", 7),
    ("imageUrl https://h/i.iso", MOUNT_POINT, "ImageURL", "https://h/i.iso"),
    ("writeProtected 0", MOUNT_POINT, "WriteProtected", False),
]
COUNTS = [
    (MOUNT_POINT, "RemainingInactivityTimeout", 65535),
    (STATS, "ReadIO", 2**64 - 1),
    (STATS, "WriteIO", 5),
]
COUNT = f"{2**64 - 1} 5 65535"


def changes_until_completion(client):
    """[(path, interface, {property: value})] of what came before Completion."""
    came = client.wait_for(lambda one: one.member == "Completion")
    return [(one.path, *one.body[:2]) for one in came
            if one.member == "PropertiesChanged"]


def test_each_change_is_told_once(service, client):
    for field, interface, name, value in CHANGES:
        service.play(f"show ISO0 {field}")
        service.play(f"show ISO0 {field}")
        service.play("complete ISO0 0")
        assert changes_until_completion(client) == [
            (PROXY, interface, {name: value})]
        (now,) = client.call(NAME, PROXY, PROPERTIES, "Get", "(ss)",
                             interface, name)
        assert now == value


def test_changes_at_once_are_told_together(service, client):
    service.play(f"count Web1 {COUNT}")
    service.play("show Web1 " + " ".join(field for field, *_ in CHANGES))
    service.play("complete Web1 0")
    every = [one[1:] for one in CHANGES] + COUNTS
    # Active comes last: who waits for it has heard the rest.
    assert changes_until_completion(client) == [
        (LEGACY, interface, {name: value for owner, name, value in every
                             if owner == interface})
        for interface in (MOUNT_POINT, STATS, PROCESS)]


def test_counts_are_told_while_there_is_a_medium(service, client):
    service.play("show Web1 state 2 active 1")
    client.wait_for(lambda one: one.body[1] == {"Active": True})
    service.play(f"count Web1 {COUNT}")
    came = client.wait_for(lambda one: one.body[0] == STATS)
    assert [one.body[:2] for one in came] == [
        (interface, {name: value for owner, name, value in COUNTS
                     if owner == interface})
        for interface in (MOUNT_POINT, STATS)]


def test_intels_clients_hear_of_no_stats(intel, client):
    intel.play(f"count Web1 {COUNT}")
    intel.play("show Web1 " + " ".join(field for field, *_ in CHANGES))
    intel.play("complete Web1 0")
    assert [one[1] for one in changes_until_completion(client)] == [
        MOUNT_POINT, PROCESS]


@pytest.mark.parametrize("path, name, error", [
    (PROXY, "ISO0", 0), (PROXY, "ISO0", errno.ECANCELED),
    (LEGACY, "Web1", errno.ENODEV)])
def test_completion_carries_the_errno(service, client, path, name, error):
    service.play(f"complete {name} {error}")
    came = client.wait_for(lambda one: one.member == "Completion")
    assert came == [(path, f"{NAME}.{path.split('/')[-2]}", "Completion",
                     (error,))]


def test_properties_are_read_only(service, client):
    with pytest.raises(CallError) as error:
        client.call(NAME, PROXY, PROPERTIES, "Set", "(ssv)", MOUNT_POINT,
                    "ImageURL", GLib.Variant("s", "https://h/other"))
    assert error.value.name == "org.freedesktop.DBus.Error.PropertyReadOnly"


def test_mount_and_unmount_of_proxy_mode(service, client):
    assert client.call(NAME, PROXY, NAME + ".Proxy", "Mount") == (True,)
    assert client.call(NAME, PROXY, NAME + ".Proxy", "Unmount") == (True,)
    assert service.asked() == [
        'mount ISO0 url= readOnly=true secrets=none', "unmount ISO0"]


def secrets_pipe():
    read, write = os.pipe()
    os.write(write, b"root\0secret\0")
    os.close(write)
    return read


# How Mount of Legacy mode may be called, and what the slot is asked then.
LEGACY_CALLS = [
    ("(s)", ["https://h/1"], "readOnly=true secrets=none"),
    ("(sbv)", ["https://h/2", True, ("i", -1)],
     "readOnly=false secrets=none"),
    ("(sbv)", ["smb://h/s/3", False, ("h", 0)],
     'readOnly=true secrets=root\\x00secret\\x00'),
    ("(sbh)", ["https://h/4", True, 0],
     'readOnly=false secrets=root\\x00secret\\x00'),
]


def call_mount(client, signature, values, path=LEGACY, extra_fds=0):
    """With a pipe for each h, and @extra_fds that nothing refers to."""
    pipes = []
    sent = []
    for value in values:
        if isinstance(value, tuple):
            value = GLib.Variant(*value)
            needs = value.get_type_string() == "h"
        else:
            needs = "h" in signature and value == 0 and value is not False
        if needs:
            pipes.append(secrets_pipe())
        sent.append(value)
    pipes += [secrets_pipe() for _ in range(extra_fds)]
    interface = f"{NAME}.{path.split('/')[-2]}"
    try:
        return client.call(NAME, path, interface, "Mount", signature, *sent,
                           fds=pipes)
    finally:
        for pipe in pipes:
            os.close(pipe)


@pytest.mark.parametrize("signature, values, asked", LEGACY_CALLS)
def test_mount_of_legacy_mode(service, client, signature, values, asked):
    assert call_mount(client, signature, values) == (True,)
    assert client.call(NAME, LEGACY, NAME + ".Legacy", "Unmount") == (True,)
    assert service.asked() == [f'mount Web1 url={values[0]} {asked}',
                               "unmount Web1"]


@pytest.mark.parametrize("signature, values, asked", LEGACY_CALLS)
def test_the_deployed_name_takes_all_signatures(intel, client, signature,
                                                values, asked):
    assert call_mount(client, signature, values) == (True,)
    assert intel.asked() == [f'mount Web1 url={values[0]} {asked}']


# Calls that Mount refuses by itself, and a part of what it says.
WRONG_CALLS = [
    (LEGACY, "()", [], "not ''"),
    (LEGACY, "(i)", [1], "not 'i'"),
    (LEGACY, "(sb)", ["https://h/1", True], "not 'sb'"),
    (LEGACY, "(sbi)", ["https://h/1", True, -1], "not 'sbi'"),
    (LEGACY, "(sbhs)", ["https://h/1", True, 0, "x"], "not 'sbhs'"),
    (LEGACY, "(sbv)", ["https://h/1", True, ("i", 3)], "the int is 3"),
    (LEGACY, "(sbv)", ["https://h/1", True, ("u", 3)], "holds 'u'"),
    (LEGACY, "(sbv)", ["https://h/1", True, ("s", "3")], "holds 's'"),
    (PROXY, "(s)", ["https://h/1"], "expecting ''"),
]


@pytest.mark.parametrize("path, signature, values, text", WRONG_CALLS)
def test_calls_that_no_table_has(service, client, path, signature, values,
                                 text):
    with pytest.raises(CallError) as error:
        call_mount(client, signature, values, path)
    assert error.value.name == "org.freedesktop.DBus.Error.InvalidArgs"
    assert text in error.value.text
    assert service.asked() == []


def test_an_unknown_method_is_one(service, client):
    with pytest.raises(CallError) as error:
        client.call(NAME, LEGACY, NAME + ".Legacy", "Eject")
    assert error.value.name == "org.freedesktop.DBus.Error.UnknownMethod"


@pytest.mark.parametrize("state, number, method, text", [
    (0, errno.EBUSY, "Mount", "ISO0 is free, but nbd0 is in use by somebody"),
    (1, errno.EBUSY, "Mount", "ISO0 is activating; wait for the signal"),
    (2, errno.EPERM, "Mount", "ISO0 has a medium; Unmount comes first"),
    (3, errno.EBUSY, "Unmount", "ISO0 is deactivating; wait for the signal"),
    (0, errno.EPERM, "Unmount", "ISO0 has no medium"),
    (0, errno.EINVAL, "Mount", "ISO0 cannot take that image or its secrets"),
    (0, errno.ENOMEM, "Mount", "Mount of ISO0: Cannot allocate memory"),
])
def test_a_refusal_is_an_errno_and_a_sentence(service, client, state, number,
                                              method, text):
    service.play(f"show ISO0 state {state}")
    service.play(f"answer ISO0 {number}")
    with pytest.raises(CallError) as error:
        client.call(NAME, PROXY, NAME + ".Proxy", method)
    assert error.value.name == f"System.Error.{errno.errorcode[number]}"
    assert error.value.text.startswith(text)
    # sd-bus makes an errno of the name: its words, not those of another.
    shown = busctl(client, "call", NAME, PROXY, NAME + ".Proxy", method)
    assert shown.returncode == 1
    assert shown.stderr.strip() == f"Call failed: {error.value.text}"


def test_who_wants_no_answer_is_heard_once(service, client):
    pipe = secrets_pipe()
    call = (NAME, LEGACY, NAME + ".Legacy", "Mount", "(sbv)", "https://h/1",
            True, GLib.Variant("h", 0))
    client.tell(*call, fds=[pipe])
    client.call(NAME, LEGACY, "org.freedesktop.DBus.Peer", "Ping")
    assert len(service.asked()) == 1
    service.play(f"answer Web1 {errno.EBUSY}")
    client.tell(*call, fds=[pipe])
    client.call(NAME, LEGACY, "org.freedesktop.DBus.Peer", "Ping")
    assert len(service.asked()) == 2
    os.close(pipe)


def test_descriptors_are_closed_in_every_case(service, client):
    client.call(NAME, LEGACY, "org.freedesktop.DBus.Peer", "Ping")
    before = service.descriptors()
    for refusal in (0, errno.EBUSY):
        service.play(f"answer Web1 {refusal}")
        for signature, values, _ in LEGACY_CALLS:
            for extra in (0, 3):
                try:
                    call_mount(client, signature, values, extra_fds=extra)
                except CallError as error:
                    assert refusal and error.name == "System.Error.EBUSY"
    for path, signature, values, _ in WRONG_CALLS:
        with pytest.raises(CallError):
            call_mount(client, signature, values, path, extra_fds=3)
    client.call(NAME, LEGACY, "org.freedesktop.DBus.Peer", "Ping")
    assert service.descriptors() == before


def test_a_flood_is_answered_and_others_are_heard(service, bus, client):
    text = "https://h/" + "i" * 100000
    for _ in range(300):
        client.tell(NAME, LEGACY, NAME + ".Legacy", "Mount", "(s)", text)
    shown = busctl(client, "get-property", NAME, PROXY, PROCESS, "Active")
    assert shown.stdout == "b false\n"
    service.play("complete ISO0 0") # other descriptors are heard as well
    client.wait_for(lambda one: one.member == "Completion")
    client.call(NAME, LEGACY, "org.freedesktop.DBus.Peer", "Ping")
    assert len(service.asked()) == 300


def test_one_thread(service, client):
    client.call(NAME, PROXY, "org.freedesktop.DBus.Peer", "Ping")
    tasks = pathlib.Path(f"/proc/{service.pid}/task")
    assert len(list(tasks.iterdir())) == 1
