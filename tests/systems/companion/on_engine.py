"""The companion system on an engine, its API and its skill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from companion.alerts import Alerts
from companion.answer_writer import AnswerWriter, PatientWriter, RuleWriter
from companion.conversation import Contexts, Conversations
from companion.settings import Settings
from companion.skill import Skill
from companion.system import READ_SCOPE, SYSTEM, WRITE_SCOPE
from keyline import tracing
from keyline.spans import recorded
from systems.companion.samples import alexa as samples
from tests.support.events import event
from tests.support.pages import pages
from tests.support.systems import Answer, HttpFunction, OnEngine
from tests.systems.companion import secrets

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
        self.monkeypatch.setattr(tracing, "_start", recorded)
        self.told = Told()
        self.counted: list[str] = []
        self.failed: list[Exception] = []
        self.skill = self.new_skill()

    def new_skill(self, writer: AnswerWriter | None = None) -> Skill:
        """Return the skill as in a new process."""
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

    def pages(self, route: str, member: str, query: str, **request: Any) -> Iterator[list[Any]]:
        """Return the items of each page of a list that a caregiver asks for."""
        return pages(lambda asked: self.call(route, query=asked, **request), member, query)

    @cached_property
    def care(self) -> HttpFunction:
        """The API, imported once."""
        return HttpFunction(self.module("care"))

    def patient(self, user: str = "carer", **fields: Any) -> dict[str, Any]:
        """Return a new patient of a caregiver."""
        body = {"preferredName": "Ada", "alexaUserId": ALEXA_USER, **fields}
        secrets.remember(body)
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
        """Return what the skill says to what a patient says."""
        answer = self.skill.answer(said(words, user, **changed))
        text: str = answer["response"]["outputSpeech"]["text"]
        return text


def alexa_request(kind: str, user: str = ALEXA_USER, **changed: Any) -> dict[str, Any]:
    """Return a request of a kind."""
    return samples.alexa_request(kind, user, **{"skill": SKILL_ID, **changed})


def said(words: str, user: str = ALEXA_USER, **changed: Any) -> dict[str, Any]:
    """Return a request in which a user says something."""
    secrets.remember(words)
    return samples.said(words, user, **{"skill": SKILL_ID, **changed})


MakeCompanion = Callable[..., Companion]
"""The system with the tables of the synthesized template, new ones for each test."""
