#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Stands in for nbd-client and the kernel's nbd where the kernel has none:
attaches ROOT/dev/nbdN, a file, to the NBD server on the socket that -u names.
ROOT/sys/block/nbdN gets size and pid, ROOT/events (a FIFO) a line for each
uevent. SIGUSR1 is NBD_DISCONNECT (fake_nbd.cpp).

The word in ROOT/client says how:

    serve    as it should
    daemon   as 3.27.1, which ignores -n: exits with 0, and its child serves
    refuse   exits with 1 and a line
    silent   connects, and the device never gets a size
    deaf     serves, and ignores SIGTERM and NBD_DISCONNECT
"""

import os
import pathlib
import select
import signal
import sys

import nbd

HELP = """nbd-client version 3.24
Usage: nbd-client -name|-N name host [port] nbd_device
\t[-block-size|-b block size] [-timeout|-t timeout] [-persist|-p]
\t[-nofork|-n] [-nonetlink|-L] [-readonly|-R]
"""
PEEK = 64 << 10

arguments = sys.argv[1:]
if arguments == ["-h"]:
    sys.exit(HELP)
device = pathlib.Path(arguments[-1])
ROOT = device.parent.parent
(ROOT / "client.argv").write_text(" ".join(arguments))
sysfs = ROOT / "sys" / "block" / device.name
mode = (ROOT / "client").read_text().strip()
if mode == "refuse":
    sys.exit("Error: Cannot open NBD: no such luck")


def change(size):
    (sysfs / "size").write_text(f"{size // 512}\n")
    with open(ROOT / "events", "w", encoding="ascii") as events:
        events.write(f"{device.name}\n")


def be_the_kernel(alive):
    """Empties the device when nobody serves it any more."""
    for descriptor in range(3):
        os.close(descriptor)
    os.read(alive, 1)
    (sysfs / "pid").unlink(missing_ok=True)
    change(0)
    os._exit(0)


server = nbd.NBD()
try:
    server.connect_unix(arguments[arguments.index("-u") + 1])
except nbd.Error as error:
    sys.exit(f"nbd-client: {error}")
wake_read, wake = os.pipe()
os.set_blocking(wake, False)
signal.set_wakeup_fd(wake)
ends = [signal.SIGTERM, signal.SIGUSR1]
for number in ends:
    signal.signal(number, signal.SIG_IGN if mode == "deaf"
                  else lambda *_: None)
if mode == "daemon" and os.fork():
    os._exit(0)
if mode != "silent":
    alive, mine = os.pipe()
    if os.fork() == 0:
        os.close(mine)
        be_the_kernel(alive)
    os.close(alive)
    size = server.get_size()
    with open(device, "wb") as medium:
        medium.truncate(size)
        medium.write(server.pread(min(size, PEEK), 0))
    (sysfs / "pid").write_text(f"{os.getpid()}\n")
    change(size)
poll = select.poll()
poll.register(server.aio_get_fd(), select.POLLRDHUP)
poll.register(wake_read, select.POLLIN)
if any(descriptor != wake_read for descriptor, _ in poll.poll()):
    sys.exit("Kernel call returned: Connection reset by peer")
if os.read(wake_read, 1)[0] == signal.SIGTERM:
    sys.exit(1)
os._exit(0)
