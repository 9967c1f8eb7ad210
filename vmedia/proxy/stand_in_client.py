#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for nbd-client where the kernel has no nbd: connects to the socket
that -u names and obeys the lines that come over it.

    change PATH   writes "change" to the uevent file PATH
    flood N       sends N bytes
    echo          sends back all that follows
    deaf          ignores SIGTERM and the end of the stream
    exit N        exits with status N, with a last line on stderr
"""

import os
import signal
import socket
import sys

if os.environ.get("STAND_IN_REFUSES"):
    sys.exit("Error: Cannot open NBD: " + os.environ["STAND_IN_REFUSES"])

arguments = sys.argv[1:]
assert arguments[0] == "-u" and arguments[2:4] == ["-n", "-L"], arguments
assert arguments[4] == "-t" and arguments[5].isdigit(), arguments
assert len(arguments) == 7, arguments

connection = socket.socket(socket.AF_UNIX)
connection.connect(arguments[1])
stream = connection.makefile("rb", buffering=0)
is_deaf = False
for line in stream:
    word, _, rest = line.decode().strip().partition(" ")
    if word == "change":
        with open(rest, "w", encoding="ascii") as uevent:
            uevent.write("change")
        connection.sendall(b"changed\n")
    elif word == "flood":
        connection.sendall(bytes(int(rest)))
    elif word == "echo":
        while chunk := connection.recv(1 << 16):
            connection.sendall(chunk)
        break
    elif word == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        is_deaf = True
        connection.sendall(b"deaf\n")
    elif word == "exit":
        print(f"stand-in: exits with {rest}", file=sys.stderr)
        sys.exit(int(rest))
while is_deaf:
    signal.pause()
