"""A client of the companion system's HTTP API and of its skill."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from companion.system import READ_SCOPE, WRITE_SCOPE
from tests.support.client import Client
from tests.support.platform import Running, result_of
from tests.support.served import Served
from tests.systems.companion import secrets
from tests.systems.companion.on_engine import said

SKILL, CONSUMER = "companion-skill-local", "companion-escalations-local"
LOGS, RECORDS = "BuddyConversationLogs-local", "BuddyRecords-local"


def fresh() -> str:
    """Return a name that no other test has."""
    return uuid.uuid4().hex


class Caregiver(Client):
    """Calls the API as a caregiver."""

    def __init__(self, served: Served) -> None:
        super().__init__(served, fresh(), (READ_SCOPE, WRITE_SCOPE))

    def token(
        self,
        subject: str | None = None,
        scopes: Sequence[str] | None = None,
        claims: Mapping[str, Any] | None = None,
    ) -> str:
        made = super().token(subject, scopes, claims)
        secrets.remember(made)
        return made


class Api(Caregiver):
    """Calls the API as a caregiver, and the skill as a patient."""

    def __init__(self, running: Running) -> None:
        super().__init__(running)
        self._platform = running

    def patient(self, **fields: Any) -> tuple[str, str]:
        """Return a new patient of the caregiver: its id, and its Alexa user."""
        user = f"amzn1.ask.account.{fresh()}"
        body = {"preferredName": "Zebulon", "alexaUserId": user, **fields}
        secrets.remember(body)
        response = self.call("POST", "/patients", json=body)
        assert response.status_code == 201, response.text
        return response.json()["patientId"], user

    def say(self, user: str, words: str, **more: Any) -> str:
        """Return what the skill says to what a patient says."""
        answer = result_of(self._platform.invoke(SKILL, said(words, user, **more)))
        text: str = answer["response"]["outputSpeech"]["text"]
        return text

    def conversations(self, patient: str) -> list[Any]:
        """Return all turns of a patient."""
        page = self.get(f"/patients/{patient}/conversations", limit=100)
        assert page["cursor"] is None
        found: list[Any] = page["conversations"]
        return found
