# SPDX-License-Identifier: Apache-2.0
"""nbd-proxy as a whole program: sessions from beginning to end."""

import os
import random
import socket

from fixtures.nbd_proxy import MIB, ended, receive
from fixtures.program import Program


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
