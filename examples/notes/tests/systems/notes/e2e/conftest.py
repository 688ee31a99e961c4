"""One local platform for the tests of the notes system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notes.system import READ_SCOPE, WRITE_SCOPE
from tests.support.client import Client
from tests.support.platform import Running, running_platform
from tests.support.synthesized import linked


@pytest.fixture(scope="session")
def running(
    root: Path, local_assembly: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """The synthesized system, running."""
    folder = tmp_path_factory.mktemp("notes")
    own = linked(local_assembly, folder)
    with running_platform("notes", root, folder, assembly=own) as running:
        yield running


@pytest.fixture(scope="session")
def api(running: Running) -> Iterator[Client]:
    """A client of its API with every scope."""
    with Client(running, "ada", (READ_SCOPE, WRITE_SCOPE)) as client:
        yield client
