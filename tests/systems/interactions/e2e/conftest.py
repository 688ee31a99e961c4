"""The interactions system on a platform, and a client of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.platform import Running, running_platform
from tests.systems.interactions.e2e.api import Api
from tests.systems.interactions.e2e.variant import variant

PHASE_SECONDS = 0.2
"""How long a process uses a phase that it has read; 10 s elsewhere."""


@pytest.fixture(scope="package")
def running(
    root: Path, local_assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The interactions system, which looks for its phase more often."""
    folder = tmp_path_factory.mktemp("interactions")
    changed = variant(local_assembly, folder, phase_seconds=PHASE_SECONDS)
    with running_platform("interactions", root, folder, assembly=changed) as running:
        yield running


@pytest.fixture(scope="package")
def api(running: Running) -> Iterator[Api]:
    """A client of it."""
    with Api(running) as client:
        yield client
