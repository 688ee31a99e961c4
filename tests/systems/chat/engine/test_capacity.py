"""Every access pattern costs what the sizes of its items imply, and no more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chat.patterns import (
    CONVERSATION_MESSAGES,
    GROWTH,
    MESSAGE_BYTES,
    MODULE_DAYS,
    MODULE_FACTS,
    MODULE_MESSAGES,
    MODULE_STUDENT_DAYS,
    PROVIDER_DAYS,
    PROVIDER_FACTS,
    PROVIDER_MESSAGES,
    STUDENT_DAYS,
    STUDENT_FACTS,
    STUDENT_MESSAGES,
)
from chat.repository import PageRequest
from chat.system import SYSTEM
from chat.tables import MESSAGES
from keyline.days import Days, Period
from keyline.growth import SizeSnapshot
from keyline.idempotency import IdempotencyKey
from keyline.model import item_size
from keyline.run import ItemWriter, TableSettings
from tests.systems.chat.on_engine import Chat, MakeChat
from tests.systems.chat.unit.examples import START, message

DAYS = Days(date(2026, 1, 1), date(2026, 1, 31))
SPAN = Period(START, START + 100)
STAFF = PageRequest(caller="staff")
KEY = IdempotencyKey.of("staff", "POST /messages", "1", b"{}")
BY_HAND = {
    # 10 marks and 5 totals, all below 1 KB and written as a transaction for twice the price;
    # the totals of the 3 students are in an index as well.
    "count-messages": (2 * 15 + 3, {"StudentDays": 3}),
    # A new item below 1 KB that one index carries.
    "student-seen": (2, {"InactiveStudents": 1}),
}
"""Units where an answer does not tell the item as it was, from which a floor follows."""


def use_every_pattern(chat: Chat, length: int = 2_000) -> None:
    """Ask the tables in every way the system declares, with questions of so many characters."""
    text = "x" * (length // 2) + "".join(chr(33 + n % 90) for n in range(length // 2))
    repository = chat.repository
    stored = [
        repository.create(
            lambda at, n=n: message(  # type: ignore[misc] # mypy infers no default's type
                timestamp=START + n, question=text, studentId=None if n == 9 else n % 3 + 1
            )
        )
        for n in range(10)
    ]
    chat.rollup.count(stored)
    assert not repository.may_write("c-1", 99)
    assert repository.may_write("new", 99)
    repository.create_once(
        lambda at: message(conversationId="once", timestamp=at, messageId=KEY.id), KEY
    )
    repository.message("c-1", stored[0].timestamp)
    repository.messages([("c-1", m.timestamp) for m in stored])
    repository.page(CONVERSATION_MESSAGES, None, STAFF, conversationId="c-1")
    repository.page(MODULE_MESSAGES, SPAN, STAFF, moduleId=7)
    repository.page(STUDENT_MESSAGES, SPAN, STAFF, studentId=1)
    repository.recent(1, PageRequest(caller="staff", limit=2))
    repository.page(PROVIDER_MESSAGES, SPAN, STAFF, provider="openai")
    repository.facts(MODULE_FACTS, SPAN, "", moduleId=7)
    repository.facts(STUDENT_FACTS, SPAN, "", studentId=1)
    repository.facts(PROVIDER_FACTS, SPAN, "", provider="openai")
    repository.totals(MODULE_DAYS, DAYS, moduleId=7)
    repository.totals(MODULE_STUDENT_DAYS, DAYS, moduleId=7)
    repository.totals(PROVIDER_DAYS, DAYS, provider="openai")
    repository.totals(STUDENT_DAYS, DAYS, studentId=1)
    repository.inactive(datetime.now(UTC).timestamp() * 1000, STAFF)
    snapshot = SizeSnapshot(
        tableName="ChatMessages", day="2026-01-01", tableBytes=1, indexBytes={}, items=1
    )
    chat.store.put(GROWTH.put, snapshot)
    chat.store.query(
        GROWTH.past, limit=1, tableName="ChatMessages", day=("2026-01-01", "2026-01-02")
    )


@pytest.mark.parametrize("shards", [1, 4])
def test_every_pattern_is_used_and_costs_its_floor(make_chat: MakeChat, shards: int) -> None:
    chat = make_chat(provider_shards=shards, roster_shards=shards)
    use_every_pattern(chat)

    parts = {"message-counted", "module-day-add", "provider-day-add", "student-day-add"}
    assert {call.pattern for call in chat.meter.calls} | parts == {p.name for p in SYSTEM.patterns}
    reasons = {pattern.name: pattern.above_floor for pattern in SYSTEM.patterns}
    for call in chat.meter.calls:
        if call.pattern in BY_HAND:
            assert (call.write, call.by_index) == BY_HAND[call.pattern]
        else:
            assert call.floor is not None, call.pattern
            assert call.read + call.write == call.floor or reasons[call.pattern], call


@pytest.mark.requirement("T-20")
def test_a_message_of_two_kilobytes_is_two_units_in_the_table_and_in_each_index(
    chat: Chat,
) -> None:
    body = "".join(chr(33 + n * 7 % 90) for n in range(1600))
    chat.add(message(question=body))
    (call,) = chat.meter.calls
    assert call.write == 8
    assert call.by_index == {
        "ModuleAnalyticsIndex": 2,
        "StudentActivityIndex": 2,
        "ProviderUsageIndex": 2,
    }


@pytest.mark.requirement("T-15", "T-31")
def test_a_thousand_messages_are_two_requests_and_two_hundred_are_one(chat: Chat) -> None:
    """The claimed latencies on the page of the system, at 2 KB a message."""
    kind = ItemWriter(MESSAGES, MESSAGES.kinds[0], TableSettings(chat.settings))

    def stored(n: int) -> dict[str, Any]:
        one = message(
            conversationId=f"c-{n}", timestamp=START + n, studentId=1 if n < 200 else 2, question=""
        )
        item = kind.attributes(one, START / 1000)
        return item | {"question": {"S": "q" * (MESSAGE_BYTES - item_size(item))}}

    name = MESSAGES.physical_name(chat.environment)
    for start in range(0, 1_000, 25):
        puts: Any = [{"PutRequest": {"Item": stored(n)}} for n in range(start, start + 25)]
        chat.dynamodb.batch_write_item(RequestItems={name: puts})

    second = Period(START, START + 1_000)
    assert len(chat.repository.facts(MODULE_FACTS, second, "", moduleId=7)) == 1_000
    assert len(chat.repository.facts(STUDENT_FACTS, second, "", studentId=1)) == 200
    calls = chat.meter.calls
    assert [call.pattern for call in calls] == ["module-facts", "module-facts", "student-facts"]
    assert round(sum(call.read for call in calls[:2])) == 250
    assert round(calls[2].read) == 50


@pytest.mark.requirement("T-60", "T-61")
def test_a_batch_saves_calls_and_no_units(chat: Chat) -> None:
    stored = [chat.add(message(timestamp=START + n, question="q" * 5000)) for n in range(30)]
    keys = [(m.conversationId, m.timestamp) for m in stored]
    written = len(chat.meter.calls)
    for key in keys:
        chat.repository.message(*key)
    singly = chat.meter.calls[written:]
    chat.repository.messages(keys)
    batch = chat.meter.calls[written + len(singly) :]
    assert (len(singly), len(batch)) == (30, 1)
    assert batch[0].read == sum(call.read for call in singly)
