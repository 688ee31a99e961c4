"""The days of a patient, whatever the stream does."""

from __future__ import annotations

import random
from typing import Any

import pytest

from companion.activity import Activity
from companion.patterns import PATIENT_LOGS
from companion.tables import Log
from tests.systems.companion.on_engine import Companion

SAID = ("hello", "hello", "where am I", "I fell", "good night")


def logs(companion: Companion, patient: dict[str, Any]) -> list[Log]:
    always = ("0000", "9999")
    found = companion.store.items(PATIENT_LOGS, patientId=patient["patientId"], timestamp=always)
    return list(found)


def totals(companion: Companion, patient: dict[str, Any]) -> dict[str, int]:
    """Return the sums over all days: a test may run over midnight."""
    path = {"patientId": patient["patientId"]}
    days = companion.call("GET /patients/{patientId}/days", path=path).body["days"]
    names = ("conversations", "repeated", "concerns", "emergencies")
    return {name: sum(day[name] for day in days) for name in names}


@pytest.mark.requirement("B-22", "B-63")
def test_a_day_says_what_was_said_however_often_and_in_whatever_order_the_stream_tells(
    companion: Companion,
) -> None:
    patient = companion.patient()
    for words in SAID:
        companion.say(words)
    wanted = {"conversations": 5, "repeated": 1, "concerns": 1, "emergencies": 1}
    told = logs(companion, patient) * 3
    random.Random(1).shuffle(told)
    activity = Activity(companion.store)
    for begin in range(0, len(told), 4):
        activity.follow(told[begin:][:4])
    assert totals(companion, patient) == wanted
    activity.follow(told)
    assert totals(companion, patient) == wanted


@pytest.mark.requirement("B-22", "B-63")
def test_the_handler_follows_the_stream(companion: Companion) -> None:
    patient = companion.patient()
    companion.say("I fell")
    (log,) = [
        item
        for item in companion.stored("BuddyConversationLogs")
        if item["patientId"]["S"] == patient["patientId"]
    ]
    record = {
        "eventID": "1",
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": "1",
            "Keys": {name: log[name] for name in ("patientId", "timestamp")},
            "NewImage": log,
        },
    }
    answer = companion.module("analytics").handler({"Records": [record, record]}, None)
    assert answer == {"batchItemFailures": []}
    assert totals(companion, patient)["emergencies"] == 1


def test_a_record_that_comes_late_does_not_bring_an_erased_patient_back(
    companion: Companion,
) -> None:
    patient = companion.patient()
    companion.say("I fell")
    told = logs(companion, patient)
    path = {"patientId": patient["patientId"]}
    assert companion.call("DELETE /patients/{patientId}", path=path).status == 200
    before = companion.stored("BuddyRecords")
    assert Activity(companion.store).follow(told) == 1
    assert companion.stored("BuddyRecords") == before
