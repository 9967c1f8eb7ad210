# SPDX-License-Identifier: Apache-2.0
"""nbd.js, the server for pages, is an NBD server too: the suite has it over a
WebSocket of npm's ws, each end of which is in one process of Node.js."""

import pathlib

from conformance.nbd.conform import verdicts
from conformance.ws.test_ws_server import NODE, require_npm

SERVER = pathlib.Path(__file__).resolve().parents[2] / "vmedia/web/nbd.js"
NOT_ITS_OWN = {
    "nbd.abuse.*": "the memory that Node.js's collector has not given back",
    "nbd.connection.half-closed": "a WebSocket has no half that is closed",
}


def test_it_breaks_no_rule(tmp_path):
    require_npm("ws")
    skipped = [word for case in NOT_ITS_OWN for word in ("--skip", case)]
    found = verdicts(tmp_path, "--spawn",
                     f"node {NODE}/nbd_listener.mjs {{socket}} {SERVER} "
                     "{image}", *skipped)
    wrong = {case: verdict for case, verdict in found.items()
             if verdict not in ("pass", "info", "not applicable")}
    # SIGTERM ends Node.js; a page is not told that it will be closed either.
    assert wrong == {"nbd.shutdown.option-refused": "warn"}
    assert list(found.values()).count("pass") > 130
