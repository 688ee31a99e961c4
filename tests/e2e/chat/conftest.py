"""One platform for all tests of the chat system in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keyline_cdk.environment import load
from ops.local.dynamodb.engine import ENDPOINT_VARIABLE
from ops.local.ports import Ports
from ops.synth import synthesize
from tests.e2e.chat.api import Api
from tests.e2e.chat.running import Running


@pytest.fixture(scope="session")
def running(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The synthesized chat system, running."""
    folder = tmp_path_factory.mktemp("chat")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(ENDPOINT_VARIABLE, raising=False)  # these tests are about our own engine
        assembly = synthesize("local", folder / "assembly")
        running = Running(root, assembly, _declared_ports(), folder)
        try:
            running.start()
            yield running
        finally:
            running.close()


@pytest.fixture(scope="session")
def api(running: Running) -> Iterator[Api]:
    """A client of it."""
    client = Api(running)
    yield client
    client.close()


def _declared_ports() -> Ports:
    local = load("local").local
    assert local is not None
    return Ports(
        api=local.api,
        engine=local.engine,
        engine_mcp=local.engine_mcp,
        aws=local.aws,
        cache=local.cache,
        issuer=local.issuer,
    )
