# SPDX-License-Identifier: Apache-2.0
"""nbd-proxy as a whole program. The device is a real loop device, its events
come from the kernel; nbd-client is a stand-in that obeys the test."""

import contextlib
import json
import os
import pathlib
import random
import select
import signal
import socket
import sys

import pytest

from fixtures.loop_device import LoopDevice
from fixtures.program import DEADLINE_S, Program, ours, run

STAND_IN = pathlib.Path(__file__).with_name("stand_in_client.py")
MIB = 1 << 20


class Bench:
    """The roots of one nbd-proxy, and what must be gone after it."""

    def __init__(self, folder, disk):
        self.folder, self.disk = folder, disk
        self.closing = contextlib.ExitStack()
        self.hook = folder / "state"
        self.log = folder / "hook.log"
        # A name that no other process has on its command line.
        self.client = folder / "nbd-client"
        self.client.write_text(f"#!/bin/sh\nexec {sys.executable} {STAND_IN} "
                               f'"$@" # {folder}\n')
        self.client.chmod(0o755)
        self.write_config({"0": {"nbd-device": disk.path}})

    def write_config(self, configurations, **top):
        (self.folder / "config.json").write_text(
            json.dumps({"configurations": configurations, **top}))

    def write_hook(self, start="", stop=""):
        """@start and @stop are shell lines between begin and end."""
        self.hook.write_text(f"""#!/bin/sh
echo "begin $1 $2 $NBD_DEVICE $NBD_SIZE" >> {self.log}
case $1 in
start) {start or ':'};;
stop) {stop or ':'};;
esac
echo "end $1" >> {self.log}
""")
        self.hook.chmod(0o755)

    def arguments(self, *more):
        return [ours("nbd-proxy"), "--config-file",
                self.folder / "config.json", "--state-hook", self.hook,
                "--run-directory", self.folder, "--nbd-client", self.client,
                *more]

    def hook_lines(self):
        if not self.log.exists():
            return []
        return [line.rsplit(" ", 2)[0] if line.startswith("begin") else line
                for line in self.log.read_text().splitlines()]

    def gate(self):
        """A file on which a hook waits, and what lets it through."""
        path = self.folder / "gate"
        os.mkfifo(path)
        # Both ways, so that neither opening nor writing waits for a reader.
        descriptor = os.open(path, os.O_RDWR)
        self.closing.callback(os.close, descriptor)
        return path, lambda: os.write(descriptor, b"go\n")

    def change(self):
        return f"change {self.disk.uevent}\n".encode()

    @contextlib.contextmanager
    def session(self, *arguments, **environment):
        """nbd-proxy with one end of a socketpair as its standard input and
        output; gives the Program and the other end."""
        here, there = socket.socketpair()
        here.settimeout(DEADLINE_S)
        with here, there:
            with Program(*self.arguments(*arguments), stdin=there,
                         preexec_fn=lambda: os.dup2(there.fileno(), 1),
                         env={**os.environ, **environment}) as proxy:
                there.close()
                yield proxy, here
        self.assert_nothing_left()

    @contextlib.contextmanager
    def served(self, *arguments):
        """A session whose start hook has succeeded."""
        with self.session(*arguments) as (proxy, peer):
            peer.sendall(self.change())
            assert receive(peer, 8) == b"changed\n"
            proxy.wait_for(r"^nbd-proxy: state start 0 succeeded$")
            yield proxy, peer

    def assert_nothing_left(self):
        assert list(self.folder.glob("*.sock")) == []
        assert self.processes() == {}

    def processes(self):
        """The command line of each process that was started for us."""
        found = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                words = entry.read_bytes().replace(b"\0", b" ").decode()
                if str(self.folder) in words:
                    found[int(entry.parent.name)] = words
        return found


def receive(peer, size):
    data = bytearray()
    while len(data) < size and (chunk := peer.recv(size - len(data))):
        data += chunk
    return bytes(data)


def ended(proxy, status, reason):
    proxy.wait_for(rf"^nbd-proxy: session ended: {reason}$")
    assert proxy.wait() == status, proxy.output


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


# --- a session from beginning to end ---------------------------------------

def test_serves_and_ends_when_the_far_end_closes(bench):
    with bench.served() as (proxy, peer):
        peer.close()
        ended(proxy, 0, "the far end closed the connection")
    assert bench.log.read_text().splitlines() == [
        f"begin start 0 {bench.disk.path} {MIB}", "end start",
        f"begin stop 0 {bench.disk.path} {MIB}", "end stop"]
    for line in ("nbd-client connected",
                 f"{bench.disk.path} has {MIB} bytes",
                 "state start 0 succeeded", "state stop 0 succeeded"):
        assert f"nbd-proxy: {line}\n" in proxy.output


def test_client_gets_the_argv_of_jsnbd(bench):
    bench.write_config({"0": {"nbd-device": bench.disk.path}}, timeout=7)
    bench.client.write_text('#!/bin/sh\necho "$0 $@" >&2\nexit 1\n')
    with bench.session() as (proxy, _):
        assert proxy.wait() == 1
        assert (f"{bench.client} -u {bench.folder}/nbd.{proxy.pid}.sock -n -L "
                f"-t 7 {bench.disk.path}\n") in proxy.output


def test_carries_every_byte_in_any_split(bench):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with bench.served() as (proxy, peer):
        peer.sendall(b"echo\n")
        for _ in range(40):
            data = chance.randbytes(chance.choice((1, 28, 4096, 100_000)))
            peer.sendall(data)
            assert receive(peer, len(data)) == data
        peer.close()
        ended(proxy, 0, "the far end closed the connection")


def test_half_close_still_gets_the_last_words(bench):
    data = random.Random(7).randbytes(MIB // 4)
    with bench.served() as (proxy, peer):
        peer.sendall(b"echo\n")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MIB)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * MIB)
        sent = bytearray()
        for i in range(0, len(data), 4096):
            peer.sendall(data[i:i + 4096])
            sent += receive(peer, 2048)
        peer.shutdown(socket.SHUT_WR)
        while chunk := peer.recv(1 << 16):
            sent += chunk
        assert bytes(sent) == data
        ended(proxy, 0, "the far end closed the connection")


def test_pipes_as_standard_input_and_output(bench):
    read_in, write_in = os.pipe()
    read_out, write_out = os.pipe()
    with Program(*bench.arguments(), stdin=read_in,
                 preexec_fn=lambda: os.dup2(write_out, 1)) as proxy:
        os.close(read_in)
        os.close(write_out)
        os.write(write_in, bench.change())
        assert os.read(read_out, 100) == b"changed\n"
        proxy.wait_for("state start 0 succeeded")
        os.close(write_in)
        assert os.read(read_out, 100) == b""
        ended(proxy, 0, "the far end closed the connection")
    os.close(read_out)
    bench.assert_nothing_left()


def test_gives_a_shared_descriptor_back_as_it_was(bench):
    here, there = socket.socketpair()
    with here, there:
        with Program(*bench.arguments(), stdin=there,
                     preexec_fn=lambda: os.dup2(there.fileno(), 1)) as proxy:
            here.sendall(b"exit 0\n")
            assert proxy.wait() == 1
        assert os.get_blocking(there.fileno())


def test_device_without_a_size_is_not_started(bench):
    bench.closing.callback(bench.disk.resize, MIB)
    bench.disk.resize(0)
    with bench.session() as (proxy, peer):
        peer.sendall(bench.change())
        assert receive(peer, 8) == b"changed\n"
        bench.disk.resize(2 * MIB)  # the first event with a medium
        proxy.wait_for(f"^nbd-proxy: {bench.disk.path} has {2 * MIB} bytes$")
        proxy.wait_for("state start 0 succeeded")
        peer.close()
        ended(proxy, 0, "the far end closed the connection")
    assert bench.hook_lines() == ["begin start 0", "end start",
                                  "begin stop 0", "end stop"]


def test_without_a_hook_it_says_so_and_serves(bench):
    bench.hook.unlink()
    with bench.session() as (proxy, peer):
        proxy.wait_for(f"^nbd-proxy: no state hook: {bench.hook} is missing")
        peer.sendall(bench.change())
        proxy.wait_for(f"{bench.disk.path} has")
        peer.close()
        ended(proxy, 0, "the far end closed the connection")


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
