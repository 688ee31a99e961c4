"""The demonstration of the companion system: a caregiver stores a patient and looks after it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from companion.system import SYSTEM
from keyline_ops.demo.journey import Advance
from keyline_ops.demo.session import Session, UnexpectedAnswerError

NAMES = ("Ada", "Grace", "Joan")


class CompanionJourney:
    """Uses every route of the API as one caregiver, with patients of its own."""

    system = SYSTEM
    data_files: Sequence[str] = ()

    def __init__(self) -> None:
        self._caregiver = f"carer-{uuid.uuid4().hex[:8]}"
        self._patients: list[dict[str, Any]] = []

    def prepare(self, data: Path | None) -> tuple[str, int]:
        """Say what is loaded: a few made-up patients."""
        return f"{len(NAMES)} patients of the sample", len(NAMES)

    async def load(self, session: Session, advance: Advance) -> None:
        """Store the patients."""
        for name in NAMES:
            body = {"preferredName": name}
            self._patients.append(await self._call(session, "POST", "/patients", json=body))
            advance()

    async def exercise(self, session: Session) -> Sequence[str]:
        """Use every route.

        Raises
        ------
        UnexpectedAnswerError
            If an answer is not what was stored.
        """
        first, second, third = (f"/patients/{p['patientId']}" for p in self._patients)
        me = await self._call(session, "GET", "/me")
        change = {"version": me["version"], "displayName": "A carer"}
        await self._call(session, "PATCH", "/me", json=change)
        await self._call(session, "GET", "/me/assignments")
        found = await self._call(session, "GET", "/me/patients")
        if len(found["assignments"]) != len(NAMES):
            raise UnexpectedAnswerError("GET /me/patients", "does not list all patients.")
        changed = {"version": 1, "medications": [{"name": "Aspirin", "dose": "100 mg"}]}
        await self._call(session, "PATCH", first, json=changed)
        shown = await self._call(session, "GET", first)
        if shown["medications"][0]["name"] != "Aspirin":
            raise UnexpectedAnswerError("GET /patients/{patientId}", "shows an older patient.")
        for part in ("caregivers", "conversations", "escalations"):
            await self._call(session, "GET", f"{first}/{part}")
        await self._call(session, "DELETE", f"/me{second}")
        await self._call(session, "GET", second, refused=HTTPStatus.NOT_FOUND)
        await self._call(session, "DELETE", third)
        return ["A patient was changed, one assignment ended, and one patient was erased."]

    async def _call(self, session: Session, method: str, path: str, **request: Any) -> Any:
        return await session.call(
            method, path, scopes=SYSTEM.scopes, subject=self._caregiver, **request
        )


JOURNEY = CompanionJourney
