"""What the tests of every system on an engine share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engine import running_engine


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where the engine listens."""
    with running_engine() as url:
        yield url
