"""The check-list of the specification: how items are read, written, indexed and compressed."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from companion.patterns import (
    GROWTH,
    LOG_CREATE,
    LOG_KEYS,
    LOGS_WRITE,
    PATIENT_CHANGE,
    PATIENT_ESCALATIONS,
    PATIENT_GET,
    PATIENT_LOGS,
    PATIENT_OPEN,
    PATIENT_PROFILE,
)
from companion.system import SYSTEM
from companion.tables import ASSIGNMENTS, CAREGIVERS, LOGS, PATIENTS, RECORDS, Log
from keyline.model import Put, Query, Update
from keyline.moments import iso_of
from tests.support.faults import Fault, fault_proxy
from tests.systems.companion.on_engine import Companion

SPAN = ("0", "9")
NOW = datetime.now(UTC)


def log(number: int, **fields: Any) -> Log:
    """Return a turn of one patient; the higher the number, the later."""
    moment = iso_of(NOW + timedelta(seconds=number), "milliseconds")
    return Log(
        **{
            "patientId": "p",
            "timestamp": f"{moment}#{number:04d}",
            "userUtterance": "what they said",
            "assistantResponse": "what was answered",
            "intent": "ConversationIntent",
            "escalationLevel": 0,
            **fields,
        }
    )


@pytest.mark.requirement("B-35", "B-36", "B-37", "B-46")
def test_whole_keys_are_got_and_nothing_is_scanned() -> None:
    assert all(pattern.operation != "Scan" for pattern in SYSTEM.called)
    actions = {access.action for function in SYSTEM.functions for access in function.access}
    assert "Scan" not in actions
    for pattern in SYSTEM.called:
        if isinstance(pattern, Query):
            key = (
                pattern.table.key
                if pattern.index is None
                else pattern.table.index(pattern.index).key
            )
            # one that asks for a whole key would be a Get; an index has no Get
            assert len(key.attributes) > 1 or pattern.index


@pytest.mark.requirement("B-14", "B-38")
def test_a_projection_returns_its_attributes_alone_and_costs_the_same(companion: Companion) -> None:
    patient = companion.patient(medications=[{"name": "Quinapril", "dose": "5 milligrams"}])
    before = len(companion.meter.calls)
    key = {"patientId": patient["patientId"]}
    profile = companion.store.get(PATIENT_PROFILE, **key)
    companion.store.get(PATIENT_GET, **key)
    assert profile is not None
    assert set(profile.__struct_fields__) == {
        *("patientId", "preferredName", "dementiaStage", "people", "routines", "medications"),
        "safetyProfile",
    }
    projected, whole = companion.meter.calls[before:]
    assert projected.read == whole.read == 1


@pytest.mark.requirement("B-08", "B-39", "B-40")
def test_pages_are_full_and_hold_nothing_that_has_expired(companion: Companion) -> None:
    expired = {number for number in range(30) if number % 3}
    for number in range(30):
        escalated = {"escalationLevel": 2, "escalation": f"2#{log(number).timestamp}"}
        ttl = {"expiresAt": 1_000_000_000} if number in expired else {}
        companion.store.put(LOG_CREATE, log(number, **escalated, **ttl))
    assert len(companion.stored("BuddyConversationLogs")) == 30
    for pattern, sort in (
        (PATIENT_LOGS, {"timestamp": SPAN}),
        (PATIENT_ESCALATIONS, {"escalation": "2#"}),
    ):
        seen: list[str] = []
        cursor = None
        while True:
            page = companion.store.query(
                pattern, limit=4, cursor=cursor, caller="carer", patientId="p", **sort
            )
            seen += [each.timestamp for each in page.items]
            cursor = page.cursor
            if cursor is None:
                break
            assert len(page.items) == 4
        assert seen == [log(n).timestamp for n in range(29, -1, -1) if n not in expired]
    assert {key.timestamp for key in companion.store.items(LOG_KEYS, patientId="p")} == set(seen)


@pytest.mark.requirement("B-42", "B-71")
@pytest.mark.usefixtures("no_sleep")
def test_turns_are_written_25_at_a_time_and_what_was_throttled_again(companion: Companion) -> None:
    turns = [log(number) for number in range(60)]
    with fault_proxy(companion.endpoint) as proxy:
        behind = Companion(
            proxy.url, companion.environment, companion.settings, companion.monkeypatch
        )
        proxy.next(None, Fault.THROTTLED, None)
        behind.store.batch_write(LOGS_WRITE, puts=turns)
        assert proxy.passed["BatchWriteItem"] == 3
    found = companion.store.items(PATIENT_LOGS, patientId="p", timestamp=SPAN)
    assert [each.timestamp for each in found] == [each.timestamp for each in reversed(turns)]


@pytest.mark.requirement("B-41", "B-43", "B-45", "B-O6")
def test_a_turn_can_only_read_a_profile_and_only_an_update_changes_it() -> None:
    of_patients = {
        name: {access.action for access in function.access if access.table == PATIENTS.name}
        for name, function in ((each.name, each) for each in SYSTEM.functions)
    }
    assert of_patients["skill"] == {"GetItem"}
    assert of_patients["escalations"] == set()
    (change,) = [part for part in PATIENT_CHANGE.parts if part.table is PATIENTS]
    assert isinstance(change, Update)
    assert change.version == "version"
    (create,) = [part for part in PATIENT_OPEN.parts if part.table is PATIENTS]
    assert isinstance(create, Put)
    assert not create.replace


@pytest.mark.requirement("B-49", "B-O2")
def test_the_index_of_escalations_has_escalations_alone(companion: Companion) -> None:
    companion.patient()
    for words in ("hello there", "I fell", "I am lost", "good night"):
        companion.say(words)
    table = companion.system.table("BuddyConversationLogs").physical_name(companion.environment)
    found = companion.dynamodb.scan(TableName=table, IndexName="escalationLevelIndex")["Items"]
    assert sorted(item["escalationLevel"]["N"] for item in found) == ["1", "2"]
    assert len(companion.stored("BuddyConversationLogs")) == 4


@pytest.mark.requirement("B-47", "B-48")
def test_each_index_is_asked_and_each_table_is_measured() -> None:
    asked = {(p.table.name, p.index) for p in SYSTEM.called if isinstance(p, Query) and p.index}
    declared = {(table.name, index.name) for table in SYSTEM.tables for index in table.indexes}
    assert asked == declared
    (sizes,) = [function for function in SYSTEM.functions if function.describes]
    assert set(sizes.describes) == {CAREGIVERS, PATIENTS, ASSIGNMENTS, LOGS, RECORDS}
    assert GROWTH.put in sizes.patterns


@pytest.mark.requirement("B-72")
@pytest.mark.parametrize("kind", ["words", "noise", "short"])
def test_long_texts_are_binary_where_that_is_smaller(companion: Companion, kind: str) -> None:
    drawn = random.Random(1)
    noise = "".join(chr(drawn.randrange(0x4E00, 0x9FFF)) for _ in range(700))
    text = {"words": "where is my daughter " * 200, "noise": noise, "short": string.ascii_letters}
    companion.store.put(LOG_CREATE, log(1, userUtterance=text[kind]))
    (stored,) = companion.stored("BuddyConversationLogs")
    (found,) = companion.store.items(PATIENT_LOGS, patientId="p", timestamp=SPAN)
    assert found.userUtterance == text[kind]
    value = stored["userUtterance"]
    if kind == "words":
        assert len(value["B"]) < len(text[kind]) / 10
    elif kind == "short":
        assert value == {"S": text[kind]}
    else:
        size = len(value["S"].encode() if "S" in value else value["B"])
        assert size <= len(text[kind].encode())


@pytest.mark.requirement("B-07")
def test_levels_are_stored_as_numbers(companion: Companion) -> None:
    companion.patient()
    companion.say("I fell")
    (stored,) = companion.stored("BuddyConversationLogs")
    assert stored["escalationLevel"] == {"N": "2"}
