"""The notes system on an engine, and the API of its function."""

from __future__ import annotations

from typing import Any

from notes.repository import NoteRepository
from notes.settings import Settings
from notes.system import READ_SCOPE, SYSTEM, WRITE_SCOPE
from tests.support.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine

SCOPES = f"{READ_SCOPE} {WRITE_SCOPE}"


class NotesOnEngine(OnEngine[Settings]):
    """The system with tables of its own."""

    system = SYSTEM

    @property
    def repository(self) -> NoteRepository:
        """The notes, past the API; the meter counts what each call consumes."""
        return NoteRepository(self.store)

    def call(self, route: str, user: str = "ada", **request: Any) -> Answer:
        """Call a route of the API as a user."""
        claims = {"sub": user, "scope": SCOPES}
        return HttpFunction(self.module("api")).answer(event(route, claims=claims, **request))
