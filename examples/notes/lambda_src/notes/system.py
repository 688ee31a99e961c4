"""The notes system: its tables, its functions, and what each function may do."""

from __future__ import annotations

from keyline.model import Function, Route, System
from notes.patterns import NOTE_CREATE, NOTE_GET, OWNER_NOTES
from notes.settings import Settings
from notes.tables import NOTES

WRITE_SCOPE = "notes:write"
READ_SCOPE = "notes:read"

API = Function(
    name="api",
    handler="notes.handlers.api.handler",
    why="Stores and shows the notes of the caller.",
    patterns=(NOTE_CREATE, NOTE_GET, OWNER_NOTES),
    routes=(
        Route("POST", "/notes", WRITE_SCOPE),
        Route("GET", "/notes", READ_SCOPE),
        Route("GET", "/notes/{id}", READ_SCOPE),
    ),
)

SYSTEM = System(
    name="notes",
    title="Notes",
    tables=(NOTES,),
    functions=(API,),
    settings=Settings,
)
