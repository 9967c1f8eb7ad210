# SPDX-License-Identifier: Apache-2.0
import pytest

from fixtures.httpd import Bench, secrets_in


@pytest.fixture(scope="module", name="secrets")
def _secrets(tmp_path_factory):
    return secrets_in(tmp_path_factory.mktemp("s"))


@pytest.fixture(name="bench")
def _bench(tmp_path_factory, secrets):
    return Bench(tmp_path_factory.mktemp("h"), secrets)


@pytest.fixture(name="server")
def _server(bench):
    with bench.server() as server:
        yield server
