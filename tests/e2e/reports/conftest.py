"""One platform for all tests of the reports system in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.reports.api import Api
from tests.e2e.running import Running, running_platform


@pytest.fixture(scope="session")
def running(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The synthesized reports system, running."""
    with running_platform("reports", root, tmp_path_factory.mktemp("reports")) as running:
        yield running


@pytest.fixture(scope="session")
def api(running: Running) -> Iterator[Api]:
    """A client of it."""
    with Api(running) as client:
        yield client
