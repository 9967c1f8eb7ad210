# SPDX-License-Identifier: Apache-2.0
"""Started by somebody who listens already: sd_listen_fds(3)."""

import os
import socket
import stat

import pytest

from fixtures.program import Program, ours, require, run


# A service manager forks, and then execs: the process stays the same.
LAUNCHER = """
import os, sys
passed, count, *command = sys.argv[1:]
os.dup2(int(passed), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=count)
os.execv(command[0], command)
"""


class Activated(Program):
    """vmedia-nbd with @listener as descriptor 3, as a service manager starts
    it."""

    def __init__(self, listener, *arguments, count=1):
        number = listener.fileno()
        super().__init__("/usr/bin/python3", "-c", LAUNCHER, number, count,
                         ours("vmedia-nbd"), *arguments, pass_fds=[number])


def unix_listener(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener


def test_a_unix_socket_is_served_and_stays(tmp_path):
    nbdinfo = require("nbdinfo", "libnbd-bin")
    path = tmp_path / "s"
    with unix_listener(path) as listener:
        # without -f: who passes a socket wants to keep the process
        with Activated(listener, "memory", "1M") as server:
            uri = server.wait_for(r"listening on (\S+)")[1]
            assert uri == f"nbd+unix:///?socket={path}"
            assert run(nbdinfo, "--size", uri).stdout == "1048576\n"
            assert server.stop() == 0
    assert stat.S_ISSOCK(path.stat().st_mode), "it is not ours to remove"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_tcp_socket_is_served(address):
    nbdinfo = require("nbdinfo", "libnbd-bin")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener:
        port = listener.getsockname()[1]
        with Activated(listener, "memory", "1M") as server:
            uri = server.wait_for(r"listening on (\S+)")[1]
            assert uri.endswith(f":{port}")
            assert run(nbdinfo, "--size", uri).stdout == "1048576\n"
            assert server.stop() == 0


def test_systemd_socket_activate_starts_it_for_the_first_client(tmp_path):
    activate = require("systemd-socket-activate", "systemd")
    nbdinfo = require("nbdinfo", "libnbd-bin")
    path = tmp_path / "s"
    with Program(activate, "-l", path, ours("vmedia-nbd"), "-e", "x", "memory",
                 "1M") as manager:
        manager.wait_for("Listening on")
        size = run(nbdinfo, "--size", f"nbd+unix:///x?socket={path}")
        assert size.stdout == "1048576\n", size.stderr
        manager.wait_for(r"listening on nbd\+unix:///x\?socket=")
        assert manager.stop() == 0


def test_libnbds_tools_start_it():
    size = run(require("nbdinfo", "libnbd-bin"), "--size", "[",
               ours("vmedia-nbd"), "memory", "1M", "]")
    assert size.stdout == "1048576\n", size.stderr


def refusal(listener, *arguments, **options):
    with Activated(listener, *arguments, **options) as server:
        assert server.wait() == 2
    assert server.output.count("\n") == 1, server.output
    return server.output


def test_what_contradicts_a_passed_socket_is_refused(tmp_path):
    with unix_listener(tmp_path / "s") as listener:
        for arguments in (["-U", tmp_path / "t"], ["-p", "0"],
                          ["-i", "127.0.0.1"], ["-p", "10809"]):
            assert refusal(listener, *arguments, "null", "1M") == (
                "vmedia-nbd: a socket was passed (LISTEN_FDS), and -U, -p or "
                "-i is given, too; leave one of them out\n")
        assert "and --run is given" in refusal(listener, "null", "1M", "--run",
                                               "true")
        assert refusal(listener, "null", "1M", count=2) == (
            "vmedia-nbd: LISTEN_FDS=2: one socket can be served; write one "
            "Listen line in the .socket unit\n")
    assert not (tmp_path / "t").exists()


def test_a_descriptor_that_does_not_listen_is_refused(tmp_path):
    ends = socket.socketpair()
    assert "descriptor 3 does not listen; pass one listening stream socket" \
        in refusal(ends[0], "null", "1M")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        assert "is no stream socket" in refusal(datagrams, "null", "1M")
    with open("/dev/null") as null:
        assert "is no stream socket" in refusal(null, "null", "1M")
    for end in ends:
        end.close()


def test_a_socket_that_was_meant_for_another_process_is_ignored(tmp_path):
    env = {**os.environ, "LISTEN_PID": "1", "LISTEN_FDS": "1"}
    done = run("vmedia-nbd", "null", "1M", "--run",
               'nbdinfo --size "$uri"; echo "$LISTEN_FDS$LISTEN_PID"', env=env)
    assert done.stdout == "1048576\n\n", done.stderr
