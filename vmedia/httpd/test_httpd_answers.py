# SPDX-License-Identifier: Apache-2.0
"""vmedia-httpd: what it answers before the upgrade, and what it says of
options and files that it cannot use."""

import contextlib
import socket
import subprocess

import pytest

from fixtures.httpd import ADMIN, connect, status_of
from fixtures.program import DEADLINE_S, require, run
from fixtures.websocket_client import (WebSocketClient, basic, frame, request,
                                       tls_connect, upgrade_headers)


# --- what is decided before the upgrade -------------------------------------

def test_answers_in_the_order_of_the_refusals(server):
    wrong = upgrade_headers(**{"Sec-WebSocket-Key": "short"})
    foreign = upgrade_headers(Origin="https://evil.example", **ADMIN)
    asked = {"target": "/nope"}
    assert status_of(server, **asked, **wrong) == 401
    assert status_of(server, **asked, **wrong, **ADMIN) == 404
    assert status_of(server, "/nbd/0", **ADMIN) == 426
    assert status_of(server, "/nbd/0", **wrong, **ADMIN) == 400
    assert status_of(server, "/nbd/0", **foreign) == 403
    holder = connect(server)
    assert status_of(server, "/nbd/0", **upgrade_headers(**ADMIN)) == 409
    assert status_of(server, "/nbd/0", **foreign) == 403
    holder.close()


def test_every_refusal_says_what_to_do_in_one_line(server):
    for target, headers in (("/", {}), ("/nope", ADMIN), ("/nbd/0", ADMIN)):
        _, got, body = request(server.address, target, headers)
        assert got["content-type"].startswith("text/plain")
        assert body.count("\n") == 1 and ";" in body


def test_no_child_is_started_for_a_refused_upgrade(bench, server):
    for headers in ({}, {"Authorization": basic("admin", "wrong")},
                    {**ADMIN, "Origin": "https://evil.example"}):
        client = WebSocketClient(server.address, "/nbd/0", headers,
                                 pipelined=frame(b"echo\n"))
        assert client.status in (401, 403)
        # W1: nothing that it sends afterwards is heard.
        assert client.next_frame() is None
    assert bench.children() == []
    assert "opened" not in server.output


@pytest.mark.parametrize("authorization", [
    None, "", "Basic", "Basic !!!", "Bearer x", basic("admin", "wrong"),
    basic("admin", ""), basic("nobody", "secret"), basic("", "secret"),
    basic("admin", "secret\0more")])
def test_wrong_credentials_are_401(server, authorization):
    status, headers, _ = request(server.address, "/",
                                 {"Authorization": authorization})
    assert status == 401
    assert headers["www-authenticate"].startswith('Basic realm="vmedia"')


def test_our_own_origin_may_open(server):
    host, port = server.address
    connect(server, Origin=f"https://{host}:{port}").close()


def test_lists_the_slots(server):
    holder = connect(server, "/nbd/1")
    status, _, body = request(server.address, "/", ADMIN)
    assert (status, body) == (200, "vmedia: virtual media slots\n"
                                   "/nbd/0 free\n/nbd/1 in use\n")
    holder.close()


def test_other_methods_are_405(server):
    assert status_of(server, "/", "POST", **ADMIN) == 405
    assert status_of(server, "/nbd/0", "DELETE", **ADMIN) == 405


def test_header_over_8_kib_is_431(server):
    assert status_of(server, "/", Cookie="x" * 9000) == 431


def test_what_is_not_http_is_400_and_plain_tcp_is_dropped(server):
    with tls_connect(server.address) as tls:
        tls.sendall(b"NBDMAGICIHAVEOPT\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 400 ")
    with socket.create_connection(server.address, DEADLINE_S) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            while plain.recv(4096):
                pass
    assert status_of(server, "/", **ADMIN) == 200


def test_tls_1_1_is_refused(server):
    ran = run(require("openssl", "openssl"), "s_client", "-connect",
              "%s:%d" % server.address, "-tls1_1", "-cipher",
              "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in ran.stdout, ran.stdout


# --- bad input: one line, and no port is opened ------------------------------

def refused(bench, *more, text, status=None):
    ran = run(*bench.arguments(*more))
    assert ran.stderr == f"vmedia-httpd: {text}\n"
    assert ran.returncode == status if status else ran.returncode in (1, 2)


def test_port_in_use(bench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        refused(bench, "--listen", address, status=1,
                text=f"listening on {address}: Address already in use; "
                     "--listen names another address; port 0 is a free one")


def test_address_that_is_none(bench):
    refused(bench, "--listen", "8443", status=2,
            text="--listen 8443 is not ADDRESS:PORT; "
                 "such as 127.0.0.1:8443 or [::]:443")


def test_plain_is_for_this_machine_only(bench):
    refused(bench, "--plain", "--listen", "0.0.0.0:0", status=2,
            text="--plain with --listen 0.0.0.0:0 would send passwords in the "
                 "clear; listen on 127.0.0.1 or [::1], or use --certificate "
                 "and --key")


def test_plain_has_no_use_for_a_key(bench):
    ran = run(*bench.arguments("--plain", "--key", "/nonexistent"))
    assert ran.returncode == 2
    assert ran.stderr.startswith("vmedia-httpd: --")
    assert ran.stderr.count("\n") == 1


def test_without_a_certificate(bench):
    ran = run("vmedia-httpd", "--users", bench.secrets / "users")
    assert ran.returncode == 2
    assert ran.stderr == ("vmedia-httpd: --certificate is required; see "
                          "vmedia-httpd --help\n")


def test_missing_certificate(bench):
    refused(bench, "--certificate", "/nonexistent", status=1,
            text="certificate /nonexistent: No such file or directory")


def test_key_of_another_certificate(bench):
    other = bench.folder / "other.pem"
    subprocess.run([require("openssl", "openssl"), "ecparam", "-name",
                    "prime256v1", "-genkey", "-noout", "-out", other],
                   check=True, capture_output=True)
    ran = run(*bench.arguments("--key", other))
    assert ran.returncode == 2
    assert ran.stderr.startswith(
        f"vmedia-httpd: key {other} is not the one of certificate ")
    assert ran.stderr.count("\n") == 1


def test_users_file_that_others_can_read(bench):
    users = bench.folder / "users"
    users.write_text("admin:x\n")
    users.chmod(0o640)
    refused(bench, "--users", users, status=2,
            text=f"users file {users} has mode 0640, others can get at its "
                 f"hashes; chmod 600 {users}")


def test_malformed_users_file(bench):
    users = bench.folder / "users"
    users.write_text("# ours\nadmin\n")
    users.chmod(0o600)
    refused(bench, "--users", users, status=2,
            text=f"users file {users}, line 2: wanted NAME:HASH")


def test_broken_proxy_configuration(bench):
    bench.config.write_text('{"configurations": {}}')
    refused(bench, status=2,
            text=f"{bench.config}: configurations is {{}}, wanted "
                 '{"0": {"nbd-device": "/dev/nbd0"}}')


def test_missing_nbd_proxy(bench):
    refused(bench, "--nbd-proxy", "no-such-proxy", status=2,
            text="no-such-proxy is missing (--nbd-proxy)")
