# SPDX-License-Identifier: Apache-2.0
"""The captures of vmedia-conform --pcap, as Wireshark takes them."""

import shlex
import signal

import pytest

from conformance.nbd.conform import conform
from fixtures.program import Program, ours, require, run

SERVER = shlex.join([ours("vmedia-nbd-reference"), "-f", "-U", "{socket}",
                     "memory", "1M"])
#: What Wireshark finds wrong: with TCP, with a checksum, with a protocol.
WRONG = ("tcp.analysis.flags || tcp.checksum.status == 0 || "
         "ip.checksum.status == 0 || _ws.malformed")


def frames(path, *fields, wanted=""):
    """The rows of @fields that tshark gives for the frames it @wanted."""
    tshark = require("tshark", "tshark")
    names = [word for field in fields for word in ("-e", field)]
    read = run(tshark, "-r", path, "-o", "tcp.check_checksum:TRUE", "-o",
               "ip.check_checksum:TRUE", "-Y", wanted, "-T", "fields", *names)
    assert read.returncode == 0, read.stderr
    return [tuple(line.split("\t")) for line in read.stdout.splitlines()]


def captured(tmp_path, *arguments, suite="nbd-server"):
    """Runs the suite; gives the captures by case."""
    ended = conform(suite, "--pcap", tmp_path / "pcap", *arguments)
    assert ended.returncode in (0, 1), ended.stderr
    return {path.stem: path for path in (tmp_path / "pcap").iterdir()}


def test_wireshark_names_the_messages(tmp_path):
    files = captured(tmp_path, "--spawn", SERVER, "--only", "nbd.read.*")
    path = files["nbd.read.answered"]
    requests = frames(path, "nbd.type", "nbd.from", "nbd.len",
                      wanted="nbd && tcp.dstport == 10809")
    assert requests[0] == ("0", "0x0000000000000000", "4096")
    replies = frames(path, "nbd.error", "nbd.response_to",
                     wanted="nbd && tcp.srcport == 10809")
    assert replies[0][0] == "0" and replies[0][1]
    assert len(frames(path, "frame.number", wanted="tcp.flags.syn == 1")) == 2
    assert len(frames(path, "frame.number", wanted="tcp.flags.fin == 1")) == 1
    for path in files.values():
        assert frames(path, "frame.number", wanted=WRONG) == [], path


@pytest.mark.parametrize("only", [
    "nbd.connection.*", "nbd.option.unknown.*",
    "nbd.abuse.reads-not-fetched"])
def test_nothing_looks_lost_or_broken(tmp_path, only):
    files = captured(tmp_path, "--spawn", SERVER, "--only", only)
    assert files
    for path in files.values():
        assert frames(path, "frame.number", wanted=WRONG) == [], path
    if "nbd.connection.dropped-at-once" in files:
        assert frames(files["nbd.connection.reset-with-replies-queued"],
                      "frame.number", wanted="tcp.flags.reset == 1")


def test_what_went_over_tls_is_in_clear_and_says_so(tmp_path):
    case = "nbd.tls.write-and-read"
    path = captured(tmp_path, "--profile", "vmedia-nbd", "--only",
                    case)[case]
    comments = [text for text, in frames(path, "frame.comment",
                                         wanted="frame.comment")]
    assert any("TLS (what goes over it is in clear here): established, TLSv1."
               in text for text in comments), comments
    assert frames(path, "frame.number", wanted="nbd")
    assert frames(path, "frame.number", wanted=WRONG) == []


def test_the_section_tells_what_it_is_of(tmp_path):
    capinfos = require("capinfos", "wireshark-common")
    files = captured(tmp_path, "--spawn", SERVER, "--only",
                     "nbd.option.abort.acknowledged")
    (path,) = files.values()
    told = run(capinfos, path).stdout
    assert "nbd.option.abort.acknowledged: pass" in told
    assert "vmedia-conform 0" in told


def test_wireshark_names_the_frames_of_a_websocket(tmp_path):
    case = "ws.frm.len-125"
    path = captured(tmp_path, "--profile", "vmedia-httpd", "--only", case,
                    suite="ws-server")[case]
    heads = frames(path, "http.response.code", wanted="http.response")
    assert heads == [("101",)]
    assert frames(path, "websocket.mask", wanted="websocket.opcode == 2")
    assert frames(path, "frame.number", wanted="websocket.opcode == 9")
    assert frames(path, "frame.number", wanted=WRONG) == []


def test_an_interrupted_run_has_its_captures(tmp_path):
    silent = "nbd.option.starttls.refused-without-tls"
    folder = tmp_path / "pcap"
    with Program("vmedia-conform", "nbd-server", "--pcap", folder, "--spawn",
                 SERVER.replace("memory", f"--defect {silent} memory")
                 ) as conforming:
        conforming.wait_for("pass  nbd.option.peek-export.refused")
        conforming.stop(signal.SIGINT)
    assert (folder / "nbd.option.peek-export.refused.pcapng").exists()


def test_a_folder_that_cannot_be_made_gives_exit_3(tmp_path):
    file = tmp_path / "file"
    file.write_text("mine")
    for path in (file, tmp_path / "no" / "folder", file / "folder"):
        ended = conform("nbd-server", "--spawn", SERVER, "--pcap", path,
                        "--only", "nbd.greeting")
        assert ended.returncode == 3
        assert ended.stderr.count("\n") == 1
        assert f"--pcap {path}: cannot " in ended.stderr
    assert file.read_text() == "mine"
