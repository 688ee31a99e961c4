"""One platform for all tests of the reports system in a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import Running, running_platform
from tests.support.synthesized import linked
from tests.systems.reports.e2e.api import Api


@pytest.fixture(scope="session")
def running(
    root: Path, local_assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The synthesized reports system, running."""
    folder = tmp_path_factory.mktemp("reports")
    own = linked(local_assembly, folder)
    with running_platform("reports", root, folder, assembly=own) as running:
        yield running


@pytest.fixture(scope="session")
def api(running: Running) -> Iterator[Api]:
    """A client of it."""
    with Api(running) as client:
        yield client
