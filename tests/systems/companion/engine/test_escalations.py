"""Alerts of the skill and of the stream: each caregiver once, whatever is delivered how often."""

from __future__ import annotations

import contextlib
import itertools
import time
from typing import Any

import msgspec
import pytest

from companion.alerts import TAKE_OVER_SECONDS, AlertPendingError, Alerts
from companion.conversation import EMERGENCY_ANSWER
from companion.patterns import ALERT_CLAIM, PATIENT_CAREGIVERS, PATIENT_LOGS
from companion.skill import TELL_SECONDS
from companion.system import ESCALATIONS, SKILL
from companion.tables import Alert, Log
from keyline.model import stream_filter_of
from keyline.run import OutcomeUnknownError
from keyline_deploy.stream_filter import matches
from tests.support.faults import Fault, fault_proxy
from tests.systems.companion.on_engine import Companion

ATTEMPTS = 3
"""Of the client, before the outcome of a write is unknown."""


def logs(companion: Companion, patient: dict[str, Any]) -> list[Log]:
    span = ("0", "9")
    return list(companion.store.items(PATIENT_LOGS, patientId=patient["patientId"], timestamp=span))


@pytest.mark.requirement("B-62")
@pytest.mark.parametrize(
    ("level", "passes"), [("0", False), ("1", True), ("2", True), ("10", True)]
)
def test_the_filter_lets_escalations_through(level: str, passes: bool) -> None:
    assert ESCALATIONS.source is not None
    pattern = stream_filter_of(ESCALATIONS.source)
    image = {"patientId": {"S": "p"}, "escalationLevel": {"N": level}}
    record = {"eventName": "INSERT", "dynamodb": {"NewImage": image}}
    assert pattern is not None
    assert matches(pattern, record) is passes
    assert not matches(pattern, {**record, "eventName": "MODIFY"})


@pytest.mark.requirement("B-64")
def test_the_stream_tells_nobody_again(companion: Companion) -> None:
    patient = companion.patient()
    companion.say("I fell")
    companion.say("fire")
    assert len(companion.told.messages) == 2
    stream = Alerts(companion.store, companion.told)
    for order in itertools.permutations(logs(companion, patient)):
        for log in order:
            assert stream.tell(log) == 0
    assert len(companion.told.messages) == 2


def test_an_alert_that_the_skill_could_not_tell_is_told_by_the_stream_at_once(
    companion: Companion,
) -> None:
    patient = companion.patient()
    companion.told.failures = 1
    companion.say("I fell")
    (log,) = logs(companion, patient)
    stream = Alerts(companion.store, companion.told)
    assert stream.tell(log) == 1
    assert stream.tell(log) == 0
    assert companion.told.messages == [(patient["patientId"], "carer", 2)]


def test_the_stream_waits_for_an_alert_whose_process_has_ended(companion: Companion) -> None:
    # Given a process that has claimed an alert, and ended before it told it
    patient = companion.patient()
    log = Log(
        patientId=patient["patientId"],
        timestamp="2026-01-31T10:00:00.000Z#1",
        userUtterance="I fell",
        assistantResponse="",
        intent="ConversationIntent",
        escalationLevel=2,
    )
    now = 1_000.0
    claim = Alert(
        patientId=log.patientId,
        timestamp=log.timestamp,
        caregiverId="carer",
        level=2,
        claimedAt=now,
    )
    companion.store.put(ALERT_CLAIM, claim)

    # When the stream tells it
    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    stream = Alerts(companion.store, companion.told, lambda: now, sleep)
    with pytest.raises(AlertPendingError):
        Alerts(companion.store, companion.told, lambda: now + 1).tell(log)
    told = stream.tell_waiting(log)

    # Then it takes the alert over when the process cannot live any more
    assert told == 1
    assert now > 1_000 + TAKE_OVER_SECONDS > 1_000 + SKILL.timeout


def test_level_1_keeps_to_preferences_and_level_2_does_not(companion: Companion) -> None:
    patient = companion.patient()
    body = {"version": 1, "notificationPreferences": {"level1Alerts": False}}
    assert companion.call("PATCH /me", body=body).status == 200
    companion.say("I am lost")
    (log,) = logs(companion, patient)
    stream = Alerts(companion.store, companion.told)
    assert stream.tell(log) == 0
    assert stream.tell(msgspec.structs.replace(log, escalationLevel=2)) == 1


def test_a_caregiver_whose_assignment_has_ended_is_told_nothing(companion: Companion) -> None:
    """Also while the index still has the assignment."""
    patient = companion.patient()
    companion.assign(patient, "helper")
    companion.say("hello there")
    index = list(companion.store.items(PATIENT_CAREGIVERS, patientId=patient["patientId"]))
    assert {assignment.caregiverId for assignment in index} == {"carer", "helper"}
    companion.end(patient, "helper")
    (log,) = logs(companion, patient)
    companion.monkeypatch.setattr(type(companion.store), "items", lambda *_, **__: iter(index))
    log = msgspec.structs.replace(log, escalationLevel=2)
    assert Alerts(companion.store, companion.told).tell(log) == 1
    assert companion.told.messages == [(patient["patientId"], "carer", 2)]


@pytest.mark.requirement("B-64")
def test_the_skill_leaves_to_the_stream_what_takes_it_too_long(companion: Companion) -> None:
    patient = companion.patient()
    for name in ("helper", "friend"):
        companion.assign(patient, name)
    moments = itertools.count(1_000.0, TELL_SECONDS * 0.4)
    slow = Alerts(companion.store, companion.told, clock=lambda: next(moments))
    companion.skill = msgspec.structs.replace(companion.skill, alerts=slow)
    assert companion.say("I fell") == EMERGENCY_ANSWER
    told = len(companion.told.messages)
    assert 0 < told < 3
    assert [type(error) for error in companion.failed] == [AlertPendingError]

    (log,) = logs(companion, patient)
    assert Alerts(companion.store, companion.told).tell(log) == 3 - told
    assert sorted(carer for _, carer, _ in companion.told.messages) == ["carer", "friend", "helper"]


@pytest.mark.requirement("B-64")
@pytest.mark.usefixtures("no_sleep")
@pytest.mark.parametrize("lost", [1, 2, ATTEMPTS])
@pytest.mark.parametrize("write", ["the claim", "what is sent"])
def test_an_alert_is_told_once_if_answers_are_lost(
    companion: Companion, write: str, lost: int
) -> None:
    patient = companion.patient()
    companion.say("hello")
    (log,) = logs(companion, patient)
    log = msgspec.structs.replace(log, escalationLevel=2)
    reads = [None] * 3  # of the caregivers, the preferences and the assignment
    before = reads if write == "the claim" else [*reads, None]
    with fault_proxy(companion.endpoint) as proxy, contextlib.suppress(OutcomeUnknownError):
        behind = Companion(
            proxy.url, companion.environment, companion.settings, companion.monkeypatch
        )
        proxy.next(*before, *[Fault.LOST] * lost)
        Alerts(behind.store, companion.told).tell(log)
    assert proxy.failed.total() == lost
    later = time.time() + TAKE_OVER_SECONDS + 1
    stream = Alerts(companion.store, companion.told, lambda: later)
    # The skill gives up after three attempts, and the stream tells the alert.
    assert stream.tell(log) == (write == "the claim" and lost == ATTEMPTS)
    assert companion.told.messages == [(patient["patientId"], "carer", 2)]
    assert stream.tell(log) == 0
