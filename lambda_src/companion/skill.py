"""The answers of the Alexa skill to each kind of request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from companion.alerts import Alerts
from companion.alexa import AlexaRequest, Intent, silence, spoken, verified
from companion.conversation import (
    Contexts,
    Conversations,
    PatientContext,
    Turn,
    UnknownUserError,
)
from companion.system import CONVERSATIONS, EMERGENCIES, SAFETY_ALERTS
from companion.tables import Log
from companion.words import EMERGENCY, NONE
from keyline.tracing import segment

WELCOME = "Hello {name}. I am here with you. What would you like to tell me?"
REFUSAL = "I do not know this device yet. Please ask the person who cares for you to set it up."
HELP = "You can tell me anything, or ask me about your day, your family or your medicines."
GOODBYE = "Goodbye. I am here whenever you need me."
NOT_UNDERSTOOD = "I did not understand that. Please say it in other words."
AGAIN = "I am listening."

TURN_INTENTS, UTTERANCE_SLOT = frozenset({"ConversationIntent", "SignIntent"}), "utterance"
"""What a patient says comes by one of two intents: Alexa leaves the beginning of a free text out,
so the signs of an escalation that stand alone have an intent of their own.
"""
TELL_SECONDS = 2
"""After this time the skill leaves the caregivers who are not told yet to the stream. Telling the
last one may take 3 s more, and Alexa waits for 8 s in all."""
HELP_INTENT = "AMAZON.HelpIntent"
"""Alexa sends it to a patient who says "help", which is a sign of level 1. So it is a turn."""
_ENDS = frozenset({"AMAZON.StopIntent", "AMAZON.CancelIntent", "AMAZON.NavigateHomeIntent"})


class Skill(msgspec.Struct, frozen=True):
    """Answers requests of Alexa.

    Parameters
    ----------
    count
        Counts one event of a metric.
    failed
        Is told of an alert that could not be told at once. The stream tells it again.
    """

    skill_id: str
    contexts: Contexts
    conversations: Conversations
    alerts: Alerts
    count: Callable[[str], None]
    failed: Callable[[Exception], None]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def answer(self, event: Any) -> dict[str, Any]:
        """Return the response to a request.

        Raises
        ------
        UnverifiedRequestError
            If the request does not come from the skill, or is too old.
        """
        request = verified(event, self.skill_id, self.now())
        if request.request.type == "SessionEndedRequest":
            return silence()
        intent = request.request.intent
        if intent is not None and intent.name in _ENDS:
            return spoken(GOODBYE, end=True)
        try:
            return self._answer(request)
        except UnknownUserError:
            return spoken(REFUSAL, end=True)

    def _answer(self, request: AlexaRequest) -> dict[str, Any]:
        intent = request.request.intent
        if request.request.type == "LaunchRequest":
            found = self._context(request.user_id)
            return spoken(WELCOME.format(name=found.profile.preferredName), again=AGAIN)
        words = _words_of(intent)
        if intent is None or not words:
            return spoken(NOT_UNDERSTOOD, again=AGAIN)
        turn = Turn(
            request_id=request.request.requestId,
            moment=datetime.fromisoformat(request.request.timestamp),
            intent=intent.name,
            utterance=words,
            answer=HELP if intent.name == HELP_INTENT else None,
        )
        return spoken(self._turn(request.user_id, turn).assistantResponse, again=AGAIN)

    def _context(self, user: str) -> PatientContext:
        with segment("getPatientContext"):
            return self.contexts.get_patient_context(user)

    def _turn(self, user: str, turn: Turn) -> Log:
        context = self._context(user)
        log = self.conversations.decide(context, turn)
        try:
            with segment("logConversation", level=log.escalationLevel):
                kept = self.conversations.log_conversation(context, log, turn)
        finally:  # an emergency is told although the turn could not be kept
            if log.escalationLevel == EMERGENCY:
                self._tell(log)
        self.count(CONVERSATIONS)
        if log.escalationLevel > NONE:
            self.count(EMERGENCIES if log.escalationLevel == EMERGENCY else SAFETY_ALERTS)
        return kept

    def _tell(self, log: Log) -> None:
        try:
            self.alerts.tell(log, TELL_SECONDS)
        except Exception as error:  # noqa: BLE001 - the patient is answered, the stream tells again
            self.failed(error)


def _words_of(intent: Intent | None) -> str:
    """Return what a patient said; empty if Alexa does not tell."""
    if intent is None:
        return ""
    if intent.name == HELP_INTENT:
        return "help"
    slot = intent.slots.get(UTTERANCE_SLOT) if intent.name in TURN_INTENTS else None
    return (slot.value or "") if slot else ""
