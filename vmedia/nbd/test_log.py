# SPDX-License-Identifier: Apache-2.0
"""--log=json: what a program can know of the server."""

import json
import os
import re
import socket

import pytest

from fixtures.program import Program, require, run

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def serving(*arguments):
    return Program("vmedia-nbd", "-f", "--log=json", *arguments)


def uri_of(server):
    return server.wait_for(r'"uri":"([^"]+)"')[1]


def events(server):
    """All of them, each of the shape that every event has."""
    found = [json.loads(line) for line in server.output.splitlines()]
    for event in found:
        assert list(event)[:3] == ["time", "level", "event"]
        assert re.fullmatch(TIME, event["time"])
        assert event["level"] in ("info", "warning", "error")
    return found


def without(event, *keys):
    return {key: value for key, value in event.items()
            if key not in ("time", *keys)}


def test_a_client_from_beginning_to_end(tmp_path):
    nbd = pytest.importorskip("nbd")
    with serving("-U", tmp_path / "s", "-e", "a", "memory", "1M") as server:
        handle = nbd.NBD()
        handle.connect_uri(uri_of(server))
        handle.pwrite(b"x" * 1024, 0)
        handle.pread(512, 0)
        handle.shutdown()
        server.wait_for('"event":"ended"')
        assert server.stop() == 0
    told = events(server)
    assert [event["event"] for event in told] == \
        ["listening", "connected", "negotiated", "ended", "stopped"]
    assert without(told[0]) == {
        "level": "info", "event": "listening", "exports": 1,
        "uri": f"nbd+unix:///a?socket={tmp_path}/s", "bytes": 1 << 20,
        "readonly": False, "tls": "off", "kernel_tls": False}
    assert without(told[2], "flags") == {
        "level": "info", "event": "negotiated", "client": 1,
        "option": "NBD_OPT_GO", "export": "a", "bytes": 1 << 20,
        "readonly": False}
    assert told[2]["flags"] & 1, "NBD_FLAG_HAS_FLAGS"
    assert without(told[3], "duration_ms") == {
        "level": "info", "event": "ended", "client": 1,
        "reason": "disconnected", "requests": 3, "read_bytes": 512,
        "written_bytes": 1024}
    assert told[3]["duration_ms"] >= 0
    assert without(told[4]) == {
        "level": "info", "event": "stopped", "reason": "SIGTERM"}


def test_text_is_silent_without_verbose_and_json_is_not(tmp_path):
    nbdinfo = require("nbdinfo", "libnbd-bin")
    for log, lines in (([], 1), (["-v"], 4), (["--log=json"], 5)):
        with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", *log, "memory",
                     "1M") as server:
            server.wait_for("listening")
            assert run(nbdinfo, "--size",
                       f"nbd+unix:///?socket={tmp_path}/s").returncode == 0
            server.stop()
        assert server.output.count("\n") == lines, server.output


def test_tls_and_what_a_stranger_calls_himself(tmp_path):
    require("psktool", "gnutls-bin")
    keys = tmp_path / "keys.psk"
    run("psktool", "-u", "alice", "-p", keys)
    keys.chmod(0o600)
    nbdinfo = require("nbdinfo", "libnbd-bin")
    with serving("-U", tmp_path / "s", "--tls=require", "--tls-psk", keys,
                 "memory", "1M") as server:
        assert run(nbdinfo, "--size", uri_of(server)).returncode == 0
        stranger = keys.read_text().replace("alice", 'm"a\\')
        keys.write_text(stranger)
        nbd = pytest.importorskip("nbd")
        handle = nbd.NBD()
        handle.set_tls(nbd.TLS_REQUIRE)
        handle.set_tls_psk_file(str(keys))
        handle.set_tls_username('m"a\\')
        with pytest.raises(nbd.Error):
            handle.connect_unix(str(tmp_path / "s"))
        server.wait_for('"event":"ended","client":2')
        server.stop()
    told = events(server)
    secured = [event for event in told if event["event"] == "secured"]
    assert len(secured) == 1
    assert re.fullmatch(r"TLSv1\.3, TLS_\w+, alice", secured[0]["tls"])
    ended = [event for event in told if event["event"] == "ended"]
    assert ended[1]["reason"] == "failed"
    assert ended[1]["level"] == "warning"
    assert r'm"a\x5c' in ended[1]["error"]


def test_a_refused_client_a_fault_and_a_broken_protocol(tmp_path):
    nbd = pytest.importorskip("nbd")
    with serving("-U", tmp_path / "s", "--connections", "1", "--fault",
                 "error EIO read at 2", "memory", "1M") as server:
        handle = nbd.NBD()
        handle.connect_uri(uri_of(server))
        with socket.socket(socket.AF_UNIX) as second:
            second.connect(str(tmp_path / "s"))
            assert second.recv(1) == b"", "turned away"
        server.wait_for('"event":"refused"')
        handle.pread(512, 0)
        with pytest.raises(nbd.Error):
            handle.pread(512, 4096)
        handle.shutdown()
        server.wait_for('"event":"ended","client":1')
        server.stop()
    told = {event["event"]: event for event in events(server)}
    assert without(told["faults"]) == {
        "level": "warning", "event": "faults", "plan": "error EIO read at 2",
        "seed": 1}
    assert without(told["refused"]) == {
        "level": "warning", "event": "refused",
        "reason": "1 are connected, which is the limit"}
    assert without(told["fault"]) == {
        "level": "warning", "event": "fault", "client": 1, "fault": "error",
        "command": "NBD_CMD_READ", "offset": 4096, "length": 512}


def test_what_keeps_it_from_serving_is_an_event_too():
    done = run("vmedia-nbd", "-f", "--log=json", "file", "/no/such")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert without(json.loads(done.stderr)) == {
        "level": "error", "event": "failed",
        "error": "/no/such: No such file or directory",
        "hint": "check the path and its permissions"}
    assert run("vmedia-nbd", "--log=xml", "null", "1M").returncode == 2


def test_a_thousand_lines_stay_whole(tmp_path):
    """Many clients at once: no line is torn by another."""
    with serving("-U", tmp_path / "s", "--connections", "300", "memory",
                 "1M") as server:
        uri_of(server)
        clients = []
        for _ in range(200):
            client = socket.socket(socket.AF_UNIX)
            client.connect(str(tmp_path / "s"))
            clients.append(client)
        for client in clients:
            client.close()
        for number in range(1, 201):
            server.wait_for(rf'"event":"ended","client":{number},')
        server.stop()
    told = events(server)
    assert len(told) == 2 + 2 * 200
    assert os.path.exists(tmp_path / "s") is False
