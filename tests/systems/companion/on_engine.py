"""The companion system on an engine, its API and its skill."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from companion.alerts import Alerts
from companion.answer_writer import AnswerWriter, PatientWriter, RuleWriter
from companion.conversation import Contexts, Conversations
from companion.settings import Settings
from companion.skill import Skill
from companion.system import READ_SCOPE, SYSTEM, WRITE_SCOPE
from keyline.moments import iso_of
from tests.support.events import event
from tests.support.systems import Answer, HttpFunction, OnEngine

SCOPES = f"{READ_SCOPE} {WRITE_SCOPE}"
SKILL_ID = "amzn1.ask.skill.00000000-0000-0000-0000-000000000000"
ALEXA_USER = "amzn1.ask.account.ADA"


@dataclass
class Told:
    """A publisher that keeps what it was told; it can fail first."""

    messages: list[tuple[str, str, int]] = field(default_factory=list)
    failures: int = 0

    def publish(self, patient_id: str, caregiver_id: str, level: int, moment: str) -> None:
        if self.failures:
            self.failures -= 1
            raise TimeoutError
        self.messages.append((patient_id, caregiver_id, level))


class Companion(OnEngine[Settings]):
    """The system with tables of its own."""

    system = SYSTEM

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told = Told()
        self.counted: list[str] = []
        self.failed: list[Exception] = []
        self.skill = self.new_skill()

    def new_skill(self, writer: AnswerWriter | None = None) -> Skill:
        """The skill as in a new process."""
        answers = PatientWriter(
            writer or RuleWriter(),
            self.settings.model_seconds,
            lambda: self.counted.append("ModelFailures"),
        )
        return Skill(
            skill_id=SKILL_ID,
            contexts=Contexts(self.store, self.settings),
            conversations=Conversations(self.store, self.settings, answers),
            alerts=Alerts(self.store, self.told),
            count=self.counted.append,
            failed=self.failed.append,
        )

    def call(self, route: str, user: str = "carer", **request: Any) -> Answer:
        """Call a route of the API as a caregiver."""
        claims = {"sub": user, "scope": SCOPES}
        return self.care.answer(event(route, claims=claims, **request))

    @cached_property
    def care(self) -> HttpFunction:
        """The API, imported once."""
        return HttpFunction(self.module("care"))

    def patient(self, user: str = "carer", **fields: Any) -> dict[str, Any]:
        """A new patient of a caregiver."""
        body = {"preferredName": "Ada", "alexaUserId": ALEXA_USER, **fields}
        answer = self.call("POST /patients", user, body=body)
        assert answer.status == 201, answer.body
        found: dict[str, Any] = answer.body
        return found

    def assign(self, patient: dict[str, Any], user: str, by: str = "carer") -> None:
        """Assign a patient to another caregiver."""
        assert self.call("GET /me", user).status == 200
        path = {"patientId": patient["patientId"], "caregiverId": user}
        answer = self.call("PUT /patients/{patientId}/caregivers/{caregiverId}", by, path=path)
        assert answer.status == 200, answer.body

    def end(self, patient: dict[str, Any], user: str) -> None:
        """End the assignment of a caregiver."""
        path = {"patientId": patient["patientId"]}
        assert self.call("DELETE /me/patients/{patientId}", user, path=path).status == 204

    def say(self, words: str, user: str = ALEXA_USER, **changed: Any) -> str:
        """What the skill says to what a patient says."""
        answer = self.skill.answer(said(words, user, **changed))
        text: str = answer["response"]["outputSpeech"]["text"]
        return text


def alexa_request(
    kind: str,
    user: str = ALEXA_USER,
    *,
    skill: str = SKILL_ID,
    request_id: str = "",
    moment: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A request as Alexa sends it."""
    return {
        "version": "1.0",
        "session": {
            "new": False,
            "sessionId": "amzn1.echo-api.session.1",
            "application": {"applicationId": skill},
            "attributes": {"patientId": "somebody else"},
            "user": {"userId": user},
        },
        "context": {
            "System": {
                "application": {"applicationId": skill},
                "user": {"userId": user},
                "device": {"deviceId": "device-1", "supportedInterfaces": {}},
                "apiEndpoint": "https://api.amazonalexa.com",
                "apiAccessToken": "a token",
            }
        },
        "request": {
            "type": kind,
            "requestId": request_id or f"amzn1.echo-api.request.{uuid.uuid4()}",
            "timestamp": iso_of(moment or datetime.now(UTC), "milliseconds"),
            "locale": "en-US",
            **more,
        },
    }


def said(words: str, user: str = ALEXA_USER, **changed: Any) -> dict[str, Any]:
    """A request in which a user says something."""
    slot = {"name": "utterance", "value": words, "confirmationStatus": "NONE"}
    intent = {
        "name": "ConversationIntent",
        "confirmationStatus": "NONE",
        "slots": {"utterance": slot},
    }
    return alexa_request("IntentRequest", user, intent=intent, **changed)
