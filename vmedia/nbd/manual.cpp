// SPDX-License-Identifier: Apache-2.0
#include "manual.hpp"

namespace vmedia::nbd
{

namespace
{

constexpr command::Section sections[] = {
    {"What to serve",
     "  file PATH         an image file or a block device, raw\n"
     "  memory SIZE       zeroes until written; SIZE as in 512, 64M, 1G\n"
     "  pattern SIZE      each 8 bytes are their own offset\n"
     "  null SIZE         zeroes that forget what is written\n"
     "  overlay PLUGIN X  PLUGIN X below, read-only; changes are kept apart\n"
     "  forward URI       an export of another NBD server",
     true},
    {"Exports file",
     "With --exports FILE one port serves several exports. FILE is in TOML "
     "(toml.io), with a table for each export:\n"
     "\n"
     "  default = \"rescue\"                # what the empty name chooses\n"
     "\n"
     "  [[export]]\n"
     "  name = \"rescue\"\n"
     "  serve = [\"file\", \"rescue.iso\"]    # as on the command line\n"
     "  description = \"boots anything\"    # shown in lists\n"
     "  readonly = true\n"
     "\n"
     "  [[export]]\n"
     "  name = \"secrets\"\n"
     "  serve = [\"file\", \"secrets.img\"]\n"
     "  tls-only = true                   # needs --tls=on\n"
     "\n"
     "A name and serve are needed, the rest is optional. Without default, the "
     "empty name chooses an export whose name is empty, if there is one. Paths "
     "are relative to the directory in which the server was started. All "
     "exports are opened before it listens; --readonly is about all of them.\n"
     "\n"
     "A client that has not started TLS is neither shown an export that is "
     "tls-only nor let in (NBD_REP_ERR_TLS_REQD)."},
    {"TLS",
     "--tls=require refuses everything before TLS, --tls=on leaves it to the "
     "client. Keys (PSK) are for people who know each other: psktool -u alice "
     "-p keys.psk makes a file of users and keys, which must not be readable "
     "by others. Certificates are in a directory, with the names that nbdkit "
     "and QEMU use. TLS 1.2 and 1.3 are spoken.\n"
     "\n"
     "The line at start has a URI that a client on the same machine can use "
     "as it is: with the first user of the key file, or with the directory of "
     "certificates."},
    {"Faults",
     "--fault makes a server that goes wrong on purpose, to test clients. "
     "Rules are separated by semicolons or newlines; the first that matches a "
     "request decides:\n"
     "\n"
     "  EFFECT [OPERATION] [FROM-TO] [WHEN]\n"
     "\n"
     "  EFFECT     delay TIME, error ERRNO, stall, cut, short, rate SIZE\n"
     "  OPERATION  read, write, flush, trim, zero, cache, extents\n"
     "  FROM-TO    bytes that the request touches: 1M-2M\n"
     "  WHEN       at N, every N, PERCENT%, always\n"
     "\n"
     "The same plan, --seed and requests give the same faults again."},
    {"Log",
     "Standard error has a line when the server listens, and one if it could "
     "not; --verbose adds each client's beginning and end.\n"
     "\n"
     "With --log=json every event is a JSON object on a line of its own, with "
     "or without --verbose:\n"
     "\n"
     "  time    RFC 3339, UTC, with milliseconds\n"
     "  level   info, warning or error\n"
     "  event   listening, faults, connected, secured, negotiated, fault,\n"
     "          refused, timeout, ended, failed, stopped\n"
     "  client  a number from 1, of events about a client\n"
     "\n"
     "The rest depends on the event: uri, exports, tls, kernel_tls "
     "(listening); export, option, bytes, readonly, flags (negotiated); reason "
     "(aborted, disconnected, closed, failed), requests, read_bytes, "
     "written_bytes, duration_ms (ended); fault, command, offset, length "
     "(fault); error, where, hint (whatever went wrong). Keys may be added; "
     "those above stay. In the background, that is without -f, there is no "
     "log after the start."},
    {"Socket activation",
     "Started by systemd with a socket (LISTEN_FDS), or by another program "
     "that does the same, the server takes that one listening socket, unix or "
     "TCP, stays in the foreground, and leaves the socket's file alone. -U, "
     "-p, -i and --run are refused then. So libnbd's tools can start it:\n"
     "\n"
     "  nbdinfo [ vmedia-nbd --readonly file disk.img ]"},
    {"Exit status",
     "0 served until stopped by SIGINT or SIGTERM, 1 could not serve, 2 usage. "
     "With --run, that of the command.",
     true},
    {"Examples",
     "  vmedia-nbd -f -U /tmp/nbd.sock --readonly file disk.img\n"
     "  vmedia-nbd -f -p 10809 -i 127.0.0.1 memory 1G\n"
     "  vmedia-nbd -f --exports exports.toml\n"
     "  vmedia-nbd -f --tls=require --tls-psk keys.psk file disk.img\n"
     "  vmedia-nbd memory 64M --run 'nbdinfo \"$uri\"'\n"
     "  vmedia-nbd push disk.iso wss://bmc/nbd/0 -u root --password-file pw",
     true},
    {"See also",
     "nbdinfo(1), nbdcopy(1), nbd_connect_uri(3), qemu-nbd(8), psktool(1), "
     "systemd.socket(5)"},
};

} // namespace

std::span<const command::Section> manual()
{
    return sections;
}

} // namespace vmedia::nbd
