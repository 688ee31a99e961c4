"""Write the answer to what a patient says: by a model, or by fixed rules."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from companion.settings import Settings
from companion.tables import Profile
from companion.words import normalised

FALLBACK = "I am here with you. Please say that once more in a little while."
_CALM = (
    "You answer a person with dementia in one or two short, calm sentences. Use only the facts"
    " below. Never give medical advice. If you do not know, say so kindly."
)
_MEDICINES = frozenset(
    ["medicine", "medicines", "medication", "medications", "pill", "pills", "tablet", "tablets"]
)
_ROUTINES = frozenset(["today", "todays", "routine", "routines", "plan", "plans", "planned"])
_PEOPLE = frozenset(["who", "whos", "family", "families", "familys"])
"""Whole words that name a topic."""
_MOST_TOKENS = 120
_THREADS = 4


class AnswerWriter(Protocol):
    """Writes answers."""

    def write(self, profile: Profile, utterance: str) -> str:
        """Return what is said to a patient."""


class RuleWriter:
    """Answers from the profile by fixed rules: the same words have the same answer."""

    def write(self, profile: Profile, utterance: str) -> str:
        """Return an answer that names medicines, routines or people, if the words ask for them."""
        words = set(normalised(utterance).split())
        if words & _MEDICINES:
            taken = ", ".join(f"{m.name} {m.dose}" for m in profile.medications)
            return f"Your medicines are: {taken}." if taken else "I know of no medicines of yours."
        if words & _ROUTINES:
            done = ", ".join(f"{r.activity} at {r.time}" for r in profile.routines)
            return f"Today: {done}." if done else "There is nothing planned today."
        if words & _PEOPLE:
            known = ", ".join(f"{p.name}, your {p.relation}" for p in profile.people)
            return f"You know {known}." if known else "I do not know your family yet."
        return f"I am here with you, {profile.preferredName}. Tell me more."


class NovaWriter(msgspec.Struct, frozen=True):
    """Answers by a model of Bedrock."""

    client: Any
    model_id: str

    def write(self, profile: Profile, utterance: str) -> str:
        """Return the model's answer."""
        facts = msgspec.json.encode(profile).decode()
        answer = self.client.converse(
            modelId=self.model_id,
            system=[{"text": f"{_CALM}\n{facts}"}],
            messages=[{"role": "user", "content": [{"text": utterance}]}],
            inferenceConfig={"maxTokens": _MOST_TOKENS, "temperature": 0},
        )
        text: str = answer["output"]["message"]["content"][0]["text"]
        return text


def writer_of(settings: Settings) -> AnswerWriter:
    """Return the writer that the settings name."""
    if not settings.model_id:
        return RuleWriter()
    # Imported here: it takes half of a start, and a function without a model does not need it.
    from botocore.config import Config
    from botocore.session import Session

    config = Config(
        connect_timeout=0.5,
        read_timeout=settings.model_seconds,
        retries={"total_max_attempts": 1},
    )
    return NovaWriter(Session().create_client("bedrock-runtime", config=config), settings.model_id)


class PatientWriter(msgspec.Struct, frozen=True):
    """Waits for a writer for some seconds only.

    Parameters
    ----------
    failed
        Is called if the writer gave no answer, and the fallback is given.
    """

    writer: AnswerWriter
    seconds: float
    failed: Callable[[], object]

    def write(self, profile: Profile, utterance: str) -> str:
        """Return the writer's answer, or the fallback."""
        answer = ""
        with suppress(Exception):  # whatever the model does, the patient has an answer
            written = _executor.submit(self.writer.write, profile, utterance)
            answer = written.result(self.seconds).strip()
        if not answer:
            self.failed()
        return answer or FALLBACK


_executor = ThreadPoolExecutor(_THREADS, "model")
