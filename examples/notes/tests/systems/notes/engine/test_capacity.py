"""Every access pattern costs what the sizes of its items imply, and no more."""

from __future__ import annotations

from keyline.idempotency import IdempotencyKey
from notes.system import SYSTEM
from tests.systems.notes.engine.notes_on_engine import NotesOnEngine


def test_every_pattern_is_used_and_costs_its_floor(notes: NotesOnEngine) -> None:
    # When every pattern is used
    repository = notes.repository
    note, _ = repository.create("ada", "Buy milk.")
    repository.create("ada", "Buy milk.", IdempotencyKey.of("ada", "POST /notes", "1", b"{}"))
    repository.get("ada", note.id)
    repository.page("ada", limit=20, cursor=None)

    # Then each consumed its floor
    calls = notes.meter.calls
    assert {call.pattern for call in calls} == {pattern.name for pattern in SYSTEM.patterns}
    assert [call for call in calls if call.read + call.write != call.floor] == []
