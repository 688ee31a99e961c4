"""Patients, the skill and caregivers on the platform, with real tokens and streams."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from keyline_local import client
from systems.companion.samples.conversations import invented, levels_of
from tests.support.client import assert_problem
from tests.support.platform import Running, result_of
from tests.systems.companion.e2e.api import CONSUMER, LOGS, RECORDS, Api, fresh

pytestmark = pytest.mark.xdist_group("companion")

Records = Sequence[Mapping[str, Any]]


def told(running: Running, patient: str) -> Counter[str]:
    """Return how often each turn of a patient was told to a caregiver."""
    items = [item for item in running.items(RECORDS) if item["PK"].startswith(f"ALERT#{patient}")]
    assert all(item["sent"] for item in items)
    return Counter(item["timestamp"] for item in items)


def lines_of_alerts(running: Running) -> int:
    """Return how many alerts were sent to anybody."""
    files = (running.state / "logs").glob("companion-*-local.log")
    return sum(file.read_text().count('"message":"alert"') for file in files)


def inserts(running: Running, patient: str) -> Records:
    """Return what the stream tells of a patient's escalations."""
    return [
        record
        for record in running.stream_records(LOGS)
        if record["eventName"] == "INSERT"
        and record["dynamodb"]["Keys"]["patientId"]["S"] == patient
        and record["dynamodb"]["NewImage"]["escalationLevel"]["N"] != "0"
    ]


@pytest.mark.requirement("B-06", "B-18", "B-60", "B-61", "B-64")
def test_a_day_is_kept_and_each_escalation_is_told_once_whatever_the_stream_does(
    api: Api, running: Running
) -> None:
    # Given a patient who has said much, some of it urgent
    patient, user = api.patient()
    before, turns = lines_of_alerts(running), invented()[:30]
    for words in turns:
        api.say(user, words)
    running.settle()
    wanted = levels_of(turns)
    escalations = sum(level > 0 for level in wanted)
    assert {1, 2} < set(wanted)
    kept = [(log["userUtterance"], log["escalationLevel"]) for log in api.conversations(patient)]
    assert sorted(kept) == sorted(zip(turns, wanted, strict=True))
    assert lines_of_alerts(running) - before == escalations

    # When the stream delivers all of it again, twice and in another order
    records = [*inserts(running, patient)] * 2
    random.Random(1).shuffle(records)
    for begin in range(0, len(records), 10):
        answer = running.invoke(CONSUMER, {"Records": records[begin:][:10]})
        assert result_of(answer) == {"batchItemFailures": []}

    # Then nobody is told again
    assert lines_of_alerts(running) - before == escalations
    assert set(told(running, patient).values()) == {1}
    assert len(told(running, patient)) == escalations


@pytest.mark.requirement("B-61")
def test_a_poison_record_is_parked_and_the_others_are_told(api: Api, running: Running) -> None:
    # Given a turn that the consumer cannot read, among others
    (mapping,) = (m for m in running.mappings if m.function == "companion-escalations-local")
    sqs = client("sqs", running.platform.endpoints.aws, running.platform.deployment.region)
    sqs.purge_queue(QueueUrl=mapping.on_failure)
    patient, user = api.patient()
    api.say(user, "I am lost")
    poison = {
        "patientId": {"S": patient},
        "timestamp": {"S": "2026-01-31T10:00:00.000Z#poison"},
        "escalationLevel": {"N": "1"},
    }
    running.dynamodb.put_item(TableName=LOGS, Item=poison)
    api.say(user, "I am scared")
    try:
        running.settle()
    finally:
        key = {name: poison[name] for name in ("patientId", "timestamp")}
        running.dynamodb.delete_item(TableName=LOGS, Key=key)

    # Then it waits in the queue, alone, and the caregiver was told of the others
    received = sqs.receive_message(QueueUrl=mapping.on_failure, MaxNumberOfMessages=10)
    (failure,) = received["Messages"]
    batch = json.loads(failure["Body"])["DDBStreamBatchInfo"]
    assert batch["batchSize"] == 1
    assert len(told(running, patient)) == 2


@pytest.mark.requirement("B-59")
def test_a_changed_medication_is_spoken_on_the_next_turn(api: Api) -> None:
    patient, user = api.patient(medications=[{"name": "Quinapril", "dose": "5 milligrams"}])
    assert "Quinapril" in api.say(user, "what are my pills")
    body = {"version": 1, "medications": [{"name": "Xarelto", "dose": "10 milligrams"}]}
    assert api.call("PATCH", f"/patients/{patient}", json=body).status_code == 200
    assert "Xarelto" in api.say(user, "what are my pills")


def test_another_caregiver_and_another_scope_reach_nothing(api: Api) -> None:
    patient, _ = api.patient()
    stranger = api.token(fresh())
    path = f"/patients/{patient}"
    assert_problem(api.call("GET", path, token=stranger), 404, "path.patientId")
    reader = api.token(scopes=("companion:read",))
    assert api.call("DELETE", path, token=reader).status_code == 403
    assert api.call("GET", path, token="none").status_code == 401
    assert api.call("DELETE", path).json()["logs"] == 0
    assert_problem(api.call("GET", path), 404, "path.patientId")
