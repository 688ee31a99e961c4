"""What the tests of every system on an engine share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from keyline.run import client
from tests.support.engine import running_engine


@pytest.fixture(scope="session", autouse=True)
def _one_loader() -> Iterator[None]:
    """A process makes one client; these tests make hundreds, and botocore's data is read once."""
    loader = client._Loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "_Loader", lambda: loader)
        yield


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Where the engine listens."""
    with running_engine() as url:
        yield url
