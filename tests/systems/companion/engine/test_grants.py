"""Test that what the functions ask for is exactly what their roles grant.

A use of a function prepares what it needs, and then calls the function.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from companion.conversation import Turn, key_of
from companion.patterns import ALERT_CLAIM
from companion.system import SYSTEM
from companion.tables import Alert
from tests.support.events import Context
from tests.systems.companion.on_engine import SKILL_ID, Companion, MakeCompanion, said

PATCH, PATIENT = "PATCH /patients/{patientId}", "/patients/{patientId}"


def stale_claim(companion: Companion, patient: str, timestamp: str) -> None:
    """Store the alert of a process that has ended."""
    claim = Alert(
        patientId=patient,
        timestamp=timestamp,
        caregiverId="carer",
        level=2,
        claimedAt=time.time() - 60,
    )
    companion.store.put(ALERT_CLAIM, claim)


def skill(companion: Companion) -> Iterator[None]:
    patient = companion.patient()
    request = said("I fell down", request_id="request-1")
    moment = datetime.fromisoformat(request["request"]["timestamp"])
    turn = Turn(request_id="request-1", moment=moment, intent="", utterance="")
    stale_claim(companion, patient["patientId"], key_of(turn))
    yield
    companion.module("skill").handler(request, Context())


def inserted(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the stream tells of a new turn."""
    return {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {
            "Keys": {name: stored[name] for name in ("patientId", "timestamp")},
            "NewImage": stored,
            "SequenceNumber": "1",
        },
    }


def escalations(companion: Companion) -> Iterator[None]:
    patient = companion.patient()
    companion.say("I am lost")
    (stored,) = companion.stored("BuddyConversationLogs")
    stale_claim(companion, patient["patientId"], stored["timestamp"]["S"])
    record = inserted(stored)
    yield
    handler = companion.module("escalations").handler
    assert handler({"Records": [record]}, Context()) == {"batchItemFailures": []}


def analytics(companion: Companion) -> Iterator[None]:
    companion.patient()
    companion.say("I am lost")
    (stored,) = companion.stored("BuddyConversationLogs")
    yield
    companion.module("analytics").handler({"Records": [inserted(stored)]}, Context())


def care(companion: Companion) -> Iterator[None]:
    yield
    patient = companion.patient()
    companion.say("I fell down")
    companion.assign(patient, "helper")
    path = {"patientId": patient["patientId"], "caregiverId": "helper"}
    bodies: tuple[dict[str, Any], ...] = ({"alexaUserId": None}, {"alexaUserId": "new user"})
    for version, body in enumerate(bodies, 1):
        answer = companion.call(PATCH, path=path, body={"version": version, **body})
        assert answer.status == 200
    for name in ("", "/caregivers", "/conversations", "/escalations"):
        assert companion.call(f"GET {PATIENT}{name}", path=path).status == 200
    for route in ("GET /me/patients", "GET /me/assignments"):
        assert companion.call(route).status == 200
    assert companion.call("PATCH /me", body={"version": 1, "displayName": "Eve"}).status == 200
    companion.assign(patient, "friend")
    companion.end(patient, "helper")
    assert companion.call(f"DELETE {PATIENT}", path=path).status == 200


def sizes(companion: Companion) -> Iterator[None]:
    yield
    companion.module("table-sizes").handler({}, None)


USES: Mapping[str, Callable[[Companion], Iterator[None]]] = {
    "skill": skill,
    "escalations": escalations,
    "analytics": analytics,
    "care": care,
    "table-sizes": sizes,
}


def test_every_function_is_among_them() -> None:
    assert set(USES) == {function.name for function in SYSTEM.functions}


@pytest.mark.requirement("B-37", "X-07")
@pytest.mark.parametrize("function", USES)
def test_what_a_function_asks_for_equals_what_its_role_grants(
    make_companion: MakeCompanion, function: str
) -> None:
    companion = make_companion(skill_id=SKILL_ID, alerts="log")
    use = USES[function](companion)
    next(use)
    asked = companion.accesses()
    assert list(use) == []
    assert asked == SYSTEM.function(function).access
