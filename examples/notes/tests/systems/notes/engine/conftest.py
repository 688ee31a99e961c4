"""The notes system on an engine, with tables as they are synthesized."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from notes.settings import Settings
from notes.system import SYSTEM
from tests.support.systems import definitions_of, fresh_tables
from tests.systems.notes.engine.notes_on_engine import NotesOnEngine


@pytest.fixture
def notes(
    endpoint: str, local_assembly: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[NotesOnEngine]:
    """The system with default settings on fresh tables."""
    with fresh_tables(endpoint, definitions_of(SYSTEM, local_assembly)) as environment:
        yield NotesOnEngine(endpoint, environment, Settings(), monkeypatch)
