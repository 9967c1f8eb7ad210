# SPDX-License-Identifier: Apache-2.0
"""`vmedia-conform nbd-server nbds://…`: what it finds out of a target's TLS,
which cases apply to it then, and what it says where there is none."""

import json
import shutil

import pytest

from conformance.nbd.conform import conform, report
from fixtures.nbdkit import Nbdkit
from fixtures.program import Program
from fixtures.tls_keys import keys, pki  # noqa: F401


@pytest.fixture(params=["vmedia-nbd", "nbdkit"])
def serve(request, tmp_path):
    """serve(options…) starts the server with its memory plugin."""
    started = []
    path = tmp_path / "s"

    def start(*options):
        if request.param == "nbdkit":
            server = Nbdkit(path)
            server.start(*options, "memory", "1M")
        else:
            server = Program("vmedia-nbd", "-f", "-U", path, *options,
                             "memory", "1M").__enter__()
            server.wait_for("listening on")
        started.append(server)
        return path
    yield start
    for server in started:
        server.__exit__(None, None, None)


def psk(path, keys, user="alice@"):
    return f"nbds+unix://{user}/?socket={path}&tls-psk-file={keys}/keys.psk"


def x509(path, pki, more=""):
    return f"nbds+unix:///?socket={path}&tls-certificates={pki}{more}"


# nbdkit fails one; conformance/expected/nbdkit.toml says why.
TLS = ["--only", "nbd.tls", "--only", "nbd.greeting.magic",
       "--skip", "nbd.tls.write.refused-in-step"]


def applied(found):
    return {case["id"] for case in found["cases"]
            if case["verdict"] in ("pass", "warn", "info")}


def test_required_tls_with_keys(serve, keys, tmp_path):
    uri = psk(serve("--tls=require", f"--tls-psk={keys}/keys.psk"), keys)
    found, text = report(tmp_path, uri, *TLS)
    assert "; TLS is required" in found["found"], text
    ran = applied(found)
    assert {"nbd.tls.required.list-refused", "nbd.tls.psk.right-key",
            "nbd.tls.psk.wrong-key", "nbd.tls.key-update"} <= ran, text
    reasons = {case["id"]: case.get("reason") for case in found["cases"]
               if case["verdict"] == "not applicable"}
    assert "nbd.tls.certificate.valid" in reasons
    assert "own-keys" in reasons["nbd.tls.psk.key-of-another"]
    assert reasons["nbd.greeting.magic"] == \
        "it speaks in clear, and the target wants TLS"
    assert found["exit"] == 0, text


def test_optional_tls_with_keys(serve, keys, tmp_path):
    uri = psk(serve("--tls=on", f"--tls-psk={keys}/keys.psk"), keys, "")
    found, text = report(tmp_path, uri, *TLS)
    assert "; TLS is optional" in found["found"], text
    assert {"nbd.tls.on.plain-served", "nbd.tls.state.contexts-forgotten",
            "nbd.greeting.magic"} <= applied(found), text
    assert found["exit"] == 0, text


@pytest.mark.parametrize("options, ran, left_out", [
    (["--tls-verify-peer"], "nbd.tls.certificate.foreign",
     "nbd.tls.certificate.not-looked-at"),
    ([], "nbd.tls.certificate.not-looked-at", "nbd.tls.certificate.foreign"),
])
def test_required_tls_with_certificates(serve, pki, tmp_path, options, ran,
                                        left_out):
    path = serve("--tls=require", f"--tls-certificates={pki}", *options)
    found, text = report(tmp_path, x509(path, pki), *TLS)
    seen = {case["id"]: case["verdict"] for case in found["cases"]}
    assert ran in applied(found), text
    assert seen[left_out] == "not applicable", text
    assert seen["nbd.tls.psk.right-key"] == "not applicable", text
    # Its authority is not ours: nobody could issue an expired certificate.
    assert seen["nbd.tls.certificate.expired"] == "not applicable", text
    assert "fail" not in seen.values(), text


def one_line(ended):
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_bad_credentials_are_told_in_one_line(keys, pki, tmp_path):
    with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", "--tls=require",
                 "--tls-psk", keys / "keys.psk", "memory", "1M") as server:
        server.wait_for("listening on")
        path = tmp_path / "s"
        wrong = tmp_path / "wrong.psk"
        wrong.write_text("alice:" + "5a" * 32 + "\n")
        wrong.chmod(0o600)
        readable = tmp_path / "open.psk"
        shutil.copy(keys / "keys.psk", readable)
        readable.chmod(0o644)
        tail = f"/?socket={path}&tls-psk-file="
        for uri, status, says in [
                (f"nbds+unix://{tail}{tmp_path}/none", (2, 3), "none"),
                (f"nbds+unix://{tail}{readable}", (2, 3), "open.psk"),
                (f"nbds+unix://eve@{tail}{keys}/keys.psk", (2,), "'eve'"),
                (f"nbds+unix://{tail}{wrong}", (3,), "no TLS with the cred"),
                (x509(path, pki), (3,), "no TLS with the credentials"),
                (x509(path, tmp_path), (2, 3), "ca-cert.pem"),
                (f"nbd+unix:///?socket={path}", (3,), "nbds"),
                (f"nbd+unix://{tail}{keys}/keys.psk", (2,), "tls-psk-file")]:
            ended = conform("nbd-server", uri)
            assert ended.returncode in status, (uri, ended.stderr)
            assert says in one_line(ended), uri
            assert ended.stdout == "", uri


def test_the_servers_certificate_is_verified_unless_told_otherwise(
        pki, tmp_path):
    with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", "--tls=require",
                 "--tls-certificates", pki, "memory", "1M") as server:
        server.wait_for("listening on")
        case = ["--only", "nbd.tls.version.mandatory"]
        other = x509(tmp_path / "s", pki, "&tls-hostname=elsewhere")
        ended = conform("nbd-server", other, *case)
        assert ended.returncode == 3
        assert "hostname mismatch" in one_line(ended)
        for more in ("&tls-hostname=127.0.0.1", "&tls-verify-peer=false"):
            ended = conform("nbd-server", x509(tmp_path / "s", pki, more),
                            *case)
            assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_server_without_tls_is_told_so(tmp_path, keys):
    with Program("vmedia-nbd", "-f", "-U", tmp_path / "s", "memory",
                 "1M") as server:
        server.wait_for("listening on")
        path = tmp_path / "report.json"
        ended = conform("nbd-server", psk(tmp_path / "s", keys),
                        "--json", path)
    assert ended.returncode == 3
    assert "the target has no TLS" in one_line(ended)
    cases = json.loads(path.read_text())["cases"]
    assert {case["verdict"] for case in cases} == {"not tested"}
