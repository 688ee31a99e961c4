"""Snapshots as JSON files, one for each; templates synthesized once in a run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.support import synthesized
from tests.templates import Stacks, Templates


@pytest.fixture
def template_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """A snapshot in a JSON file of its own."""
    return snapshot.use_extension(JSONSnapshotExtension)


@pytest.fixture(scope="session")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Stacks:
    """The stacks of an environment by name: `stacks("dev")["chat-data-dev"].tags`."""
    return partial(synthesized.stacks, base=synthesized.shared_folder(tmp_path_factory))


@pytest.fixture(scope="session")
def templates(stacks: Stacks) -> Templates:
    """The templates of an environment by stack name: `templates("dev")["chat-data-dev"]`."""
    return lambda name: {stack: found.template for stack, found in stacks(name).items()}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where an app writes its assembly."""
    return tmp_path
