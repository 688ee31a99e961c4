"""One platform for all tests of the companion system in a worker, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.platform import Running, platform_fixtures
from tests.support.synthesized import linked
from tests.systems.companion import secrets
from tests.systems.companion.e2e.api import Api

running, api = platform_fixtures("companion", Api, linked)


@pytest.fixture(scope="package", autouse=True)
def scanned_platform(running: Running) -> Iterator[None]:
    """Fail the last test if a log, a metric or an access log of the platform holds a secret."""
    yield
    assert secrets.found_in(running.state / "logs") == {}
