"""The demonstration of the notes system: every pattern is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import Session, UnexpectedAnswerError
from notes.system import READ_SCOPE, SYSTEM, WRITE_SCOPE

TEXTS = ("Buy milk.", "Call the dentist.", "Water the plants.")
SCOPES = (READ_SCOPE, WRITE_SCOPE)


class NotesJourney:
    """Writes notes as one user, and reads them as that user."""

    system = SYSTEM
    data_files: Sequence[str] = ()

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Say what is loaded: a few made-up notes."""
        return f"{len(TEXTS)} notes of the sample", len(TEXTS)

    async def load(self, session: Session, advance: Advance) -> None:
        """Write the notes."""
        for text in TEXTS:
            await session.call("POST", "/notes", scopes=SCOPES, json={"text": text})
            advance()

    async def exercise(self, session: Session) -> Sequence[str]:
        """Use every route and compare the answers with each other.

        Raises
        ------
        UnexpectedAnswerError
            If an answer is not what was written.
        """
        text = TEXTS[0]
        written = await session.call("POST", "/notes", scopes=SCOPES, json={"text": text})
        page = await session.call("GET", "/notes", scopes=SCOPES)
        if written not in page["notes"]:
            raise UnexpectedAnswerError("GET /notes", f"answered {page!r}.")
        shown = await session.call("GET", f"/notes/{written['id']}", scopes=SCOPES)
        if shown != written:
            raise UnexpectedAnswerError("GET /notes/{id}", f"answered {shown!r}.")
        return [f"The newest note says: {shown['text']}"]


JOURNEY = NotesJourney
