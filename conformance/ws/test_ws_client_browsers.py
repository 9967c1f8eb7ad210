# SPDX-License-Identifier: Apache-2.0
"""WebSocket clients in JavaScript, with exactly the verdicts that we expect:
Chromium with our own nbd.js and with a page like OpenBMC's, and npm's ws.

They are started as conformance/profiles/CLIENT.toml says, and judged as in
test_ws_server.py.
"""

import pytest

from conformance.nbd.conform import SCALE, conform
from conformance.ws.test_ws_server import EXPECTED, require_npm
from fixtures.program import require

# What each needs of npm.
CLIENTS = {
    "chromium-nbd-js": "playwright-core",
    "chromium-jsnbd": "playwright-core",
    "node-ws-client": "ws",
}
# They tell the end of a session: a deadline is for what hangs.
PATIENCE = 0.3


@pytest.mark.parametrize("client", CLIENTS)
def test_verdicts_are_as_expected(client):
    require_npm(CLIENTS[client])
    if client.startswith("chromium"):
        require("chromium", "chromium")
    ended = conform("ws-client", "--profile", client,
                    "--jobs", 2,  # a browser each
                    "--timeout-scale", SCALE * PATIENCE,
                    "--expect", EXPECTED / f"{client}.toml")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "; unexpected: none\n" in ended.stdout
