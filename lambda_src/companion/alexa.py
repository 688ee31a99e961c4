"""Requests and responses of an Alexa skill, as Alexa sends and takes them.

Source: Alexa Skills Kit, "Request and Response JSON Reference" and "Host a Custom Skill as an AWS
Lambda Function". No attribute of a session is read, because every caller of the function can
write it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from keyline.errors import KeylineError

TOLERANCE_SECONDS = 150
"""How far a request's moment may be from ours. Source: Alexa Skills Kit, "Host a Custom Skill as
a Web Service", "Checking the timestamp of the request"."""


class UnverifiedRequestError(KeylineError):
    """A request that does not come from our skill, or is too old."""


class Application(msgspec.Struct, frozen=True):
    """The skill that a request is for."""

    applicationId: str


class User(msgspec.Struct, frozen=True):
    """The Alexa account, as this skill knows it."""

    userId: str


class AlexaSystem(msgspec.Struct, frozen=True):
    """The skill and the user of a request."""

    application: Application
    user: User


class AlexaContext(msgspec.Struct, frozen=True):
    """The origin of a request."""

    System: AlexaSystem


class Slot(msgspec.Struct, frozen=True):
    """The value of a slot: the words of a user at a place of an utterance."""

    name: str
    value: str | None = None


class Intent(msgspec.Struct, frozen=True):
    """The intent of a user."""

    name: str
    slots: dict[str, Slot] = msgspec.field(default_factory=dict)


class RequestBody(msgspec.Struct, frozen=True):
    """A request: what happened."""

    type: str
    requestId: str
    timestamp: str
    intent: Intent | None = None


class Session(msgspec.Struct, frozen=True):
    """The session of a request. Only the skill's id in it is read."""

    application: Application


class AlexaRequest(msgspec.Struct, frozen=True):
    """A request of Alexa."""

    version: str
    context: AlexaContext
    request: RequestBody
    session: Session | None = None

    @property
    def user_id(self) -> str:
        """The Alexa account that speaks."""
        return self.context.System.user.userId


def verified(event: Any, skill_id: str, now: datetime) -> AlexaRequest:
    """Return a request that comes from a skill and is new.

    Raises
    ------
    UnverifiedRequestError
        If it does not. The message holds nothing of the request.
    """
    try:
        found = msgspec.convert(event, AlexaRequest)
        sent = datetime.fromisoformat(found.request.timestamp)
    except (msgspec.ValidationError, ValueError):
        raise UnverifiedRequestError(
            "event", "is not a request of Alexa.", "Send the JSON that Alexa sends to a skill."
        ) from None
    named = [found.context.System.application.applicationId]
    if found.session is not None:
        named.append(found.session.application.applicationId)
    if not skill_id or any(name != skill_id for name in named):
        raise UnverifiedRequestError(
            "event.context.System.application.applicationId",
            "is not the skill of this environment.",
            "Set skill_id of [systems.companion] to the id of the skill.",
        )
    if sent.tzinfo is None or abs((now - sent.astimezone(UTC)).total_seconds()) > TOLERANCE_SECONDS:
        raise UnverifiedRequestError(
            "event.request.timestamp",
            f"is more than {TOLERANCE_SECONDS} s away from now.",
            "Send the request again, with the time of now.",
        )
    return found


def spoken(text: str, *, end: bool = False, again: str | None = None) -> dict[str, Any]:
    """Return a response that is spoken.

    Parameters
    ----------
    end
        Whether the session ends.
    again
        What is said if the user stays silent.
    """
    response: dict[str, Any] = {
        "outputSpeech": {"type": "PlainText", "text": text},
        "shouldEndSession": end,
    }
    if again:
        response["reprompt"] = {"outputSpeech": {"type": "PlainText", "text": again}}
    return {"version": "1.0", "sessionAttributes": {}, "response": response}


def silence() -> dict[str, Any]:
    """Return the response to the end of a session, which must not speak."""
    return {"version": "1.0", "response": {}}
