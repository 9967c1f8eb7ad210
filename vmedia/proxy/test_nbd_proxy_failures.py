# SPDX-License-Identifier: Apache-2.0
"""nbd-proxy as a whole program: what goes wrong, and bad input."""

import contextlib
import json
import os
import select
import signal
import socket

from fixtures.nbd_proxy import ended, receive
from fixtures.program import DEADLINE_S, run


# --- what goes wrong --------------------------------------------------------

def test_w5_successful_start_hook_does_not_end_the_session(bench):
    with bench.served() as (proxy, peer):
        peer.sendall(bench.change())  # bytes still cross, and a second event
        assert receive(peer, 8) == b"changed\n"  # starts nothing
        assert proxy.process.poll() is None
        peer.close()
        ended(proxy, 0, "the far end closed the connection")
    assert bench.hook_lines().count("begin start 0") == 1


def test_w6_stop_hook_waits_for_the_start_hook(bench):
    gate, open_gate = bench.gate()
    bench.write_hook(start=f"echo hook waits; read x < {gate}")
    with bench.session() as (proxy, peer):
        peer.sendall(bench.change())
        proxy.wait_for("^hook waits$")
        peer.close()
        open_gate()
        ended(proxy, 0, "the far end closed the connection")
    assert bench.hook_lines() == ["begin start 0", "end start",
                                  "begin stop 0", "end stop"]


def test_start_hook_that_never_ends_is_killed_at_the_end(bench):
    gate, _ = bench.gate()
    bench.write_hook(start=f"echo hook waits; read x < {gate}")
    with bench.session("--hook-deadline", "0.2") as (proxy, peer):
        peer.sendall(bench.change())
        proxy.wait_for("^hook waits$")
        peer.close()
        ended(proxy, 1, "the far end closed the connection; state start 0 did "
                        "not end in time and was killed")
    assert bench.hook_lines() == ["begin start 0", "begin stop 0", "end stop"]


def test_w7_nothing_cuts_the_stop_hook_short(bench):
    gate, open_gate = bench.gate()
    bench.write_hook(stop=f"echo hook waits; read x < {gate}")
    with bench.served() as (proxy, peer):
        proxy.process.send_signal(signal.SIGTERM)
        proxy.wait_for("^hook waits$")
        proxy.process.send_signal(signal.SIGTERM)
        proxy.process.send_signal(signal.SIGINT)
        peer.sendall(b"exit 9\n")
        proxy.wait_for("^stand-in: exits with 9$")
        open_gate()
        ended(proxy, 0, "ended by SIGTERM")
    assert bench.hook_lines()[2:] == ["begin stop 0", "end stop"]


def test_w8_unread_output_does_not_starve_the_events(bench):
    with bench.session() as (proxy, peer):
        peer.sendall(b"flood 8000000\n")
        proxy.wait_for("nbd-client connected")
        with open(bench.disk.uevent, "w", encoding="ascii") as uevent:
            uevent.write("change")
        proxy.wait_for("state start 0 succeeded")
        peer.close()
        ended(proxy, 0, "the far end closed the connection")


def test_w9_client_that_ignores_sigterm_is_killed(bench):
    with bench.served() as (proxy, peer):
        peer.sendall(b"deaf\n")
        assert receive(peer, 5) == b"deaf\n"
        proxy.process.send_signal(signal.SIGTERM)
        ended(proxy, 0, "ended by SIGTERM")


def test_w10_sigkill_leaves_neither_process_nor_socket(bench):
    with bench.served() as (proxy, peer):
        children = [os.pidfd_open(pid) for pid in bench.processes()
                    if pid != proxy.pid]
        assert children
        proxy.process.kill()
        assert proxy.wait() == -signal.SIGKILL
        assert peer.recv(1) == b""
        for child in children:  # the kernel kills them, and takes its time
            assert select.select([child], [], [], DEADLINE_S)[0]
            os.close(child)


def test_socket_of_a_dead_process_is_removed(bench):
    ran = run("true")  # its number is free now
    assert ran.returncode == 0
    dead = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(dead, 0)
    stale = bench.folder / f"nbd.{dead}.sock"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(stale))
    mine = bench.folder / f"nbd.{os.getpid()}.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(mine))
    with bench.session() as (proxy, peer):
        proxy.wait_for("nbd-client connected")
        assert not stale.exists()
        assert mine.exists()  # its process lives
        mine.unlink()
        peer.close()
        assert proxy.wait() == 1


def test_failing_start_hook_ends_the_session_with_its_last_line(bench):
    bench.write_hook(start="echo 'state: no free UDC' >&2; exit 3")
    with bench.session() as (proxy, peer):
        peer.sendall(bench.change())
        ended(proxy, 1,
              "state start 0 exited with status 3: state: no free UDC")
    assert bench.hook_lines() == ["begin start 0", "begin stop 0", "end stop"]


def test_failing_stop_hook_is_a_failure(bench):
    bench.write_hook(stop="exit 4")
    with bench.served() as (proxy, peer):
        peer.close()
        ended(proxy, 1, "the far end closed the connection; "
                        "state stop 0 exited with status 4")


def test_client_that_fails_before_connecting_gives_its_last_line(bench):
    with bench.session(STAND_IN_REFUSES="no such device") as (proxy, _):
        ended(proxy, 1, "nbd-client exited with status 1: Error: Cannot open "
                        "NBD: no such device")
    assert bench.hook_lines() == []


def test_client_that_disconnects_is_an_orderly_end(bench):
    with bench.served() as (proxy, peer):
        peer.sendall(b"exit 0\n")
        ended(proxy, 0, "nbd-client disconnected")
    assert bench.hook_lines()[-1] == "end stop"


def test_client_that_dies_is_a_failure(bench):
    with bench.served() as (proxy, peer):
        peer.sendall(b"exit 7\n")
        ended(proxy, 1, "nbd-client exited with status 7: stand-in: exits with 7")
    assert bench.hook_lines()[-1] == "end stop"


def test_device_that_never_gets_a_size(bench):
    with bench.session("--ready-deadline", "0.5") as (proxy, peer):
        proxy.wait_for("nbd-client connected")
        ended(proxy, 1, f"{bench.disk.path} got no size in time")
        assert peer.recv(1) == b""
    assert bench.hook_lines() == []


def test_client_that_never_connects(bench):
    bench.client.write_text("#!/bin/sh\nexec sleep 1000\n")
    with bench.session("--ready-deadline", "0.2") as (proxy, _):
        ended(proxy, 1, "nbd-client did not connect in time")


def test_far_end_that_goes_before_nbd_client_connects(bench):
    bench.client.write_text("#!/bin/sh\nexec sleep 1000\n")
    with bench.session() as (proxy, peer):
        peer.close()
        ended(proxy, 1, "the far end closed the connection before "
                        f"{bench.disk.path} had a size")


def test_sigterm_before_the_device_has_a_size_is_a_failure(bench):
    with bench.session() as (proxy, _):
        proxy.wait_for("nbd-client connected")
        proxy.process.send_signal(signal.SIGTERM)
        ended(proxy, 1,
              f"ended by SIGTERM before {bench.disk.path} had a size")


# --- bad input: one line, status 2 -----------------------------------------

def refused(bench, *arguments, text):
    with contextlib.ExitStack() as stack:
        here, there = map(stack.enter_context, socket.socketpair())
        ran = run(*bench.arguments(*arguments), stdin=there)
    assert (ran.returncode, ran.stderr) == (2, f"nbd-proxy: {text}\n")
    bench.assert_nothing_left()


def test_regular_file_as_input(bench):
    with open(bench.hook, "rb") as file:
        ran = run(*bench.arguments(), stdin=file)
    assert ran.returncode == 2
    assert ran.stderr == (
        "nbd-proxy: standard input is a regular file, wanted a socket, a pipe "
        "or a terminal; connect it to an NBD server, as websocketd or "
        "vmedia-httpd do\n")


def test_unknown_configuration(bench):
    refused(bench, "9", text=f"{bench.folder}/config.json: no configuration "
                             "'9'; known: '0'")


def test_missing_configuration_file(bench):
    (bench.folder / "config.json").unlink()
    refused(bench, text=f"configuration {bench.folder}/config.json: No such "
            "file or directory; create it, or name another one")


def test_device_that_is_no_block_device(bench):
    bench.write_config({"0": {"nbd-device": "/dev/null"}})
    refused(bench, text="nbd-device /dev/null is not a block device; "
                        "nbd-device is a node such as /dev/nbd0")


def test_missing_nbd_client(bench):
    refused(bench, "--nbd-client", "no-such-client",
            text="no-such-client is missing; apt-get install nbd-client")


def test_run_directory_that_is_too_long(bench):
    deep = bench.folder / ("d" * 100)
    deep.mkdir()
    ran = run(*bench.arguments("--run-directory", deep), stdin=-1)
    assert ran.returncode == 2
    assert "characters, at most 107 fit; give a shorter --run-directory" \
        in ran.stderr


def test_metadata_of_all_configurations(bench):
    bench.write_config({
        "0": {"nbd-device": "/dev/nbd0", "metadata": {"description": "CD"}},
        "1": {"nbd-device": "/dev/nbd1"}})
    ran = run(*bench.arguments("--metadata"))
    assert ran.returncode == 0
    assert json.loads(ran.stdout) == {"0": {"description": "CD"}, "1": None}
