"""Requests as Alexa sends them, for the demonstration, the command line and tests.

Source of the form: Alexa Skills Kit, "Request and Response JSON Reference".
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from companion.skill import UTTERANCE_SLOT
from keyline.moments import iso_of


def alexa_request(
    kind: str,
    user: str,
    *,
    skill: str,
    request_id: str = "",
    moment: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a request of a kind.

    Parameters
    ----------
    moment
        When Alexa sends it; now by default.
    more
        What the kind has in addition, such as `intent`.
    """
    return {
        "version": "1.0",
        "session": {
            "new": False,
            "sessionId": "amzn1.echo-api.session.1",
            "application": {"applicationId": skill},
            "attributes": {"patientId": "which the skill does not read"},
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


def said(words: str, user: str, *, skill: str, **more: Any) -> dict[str, Any]:
    """Return a request in which a user says something."""
    slot = {"name": UTTERANCE_SLOT, "value": words, "confirmationStatus": "NONE"}
    intent = {
        "name": "ConversationIntent",
        "confirmationStatus": "NONE",
        "slots": {UTTERANCE_SLOT: slot},
    }
    return alexa_request("IntentRequest", user, skill=skill, intent=intent, **more)
