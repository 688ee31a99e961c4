"""Requests that are sent again, and students who open one conversation at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chat.patterns import PROVIDER_DAYS
from chat.tables import Message
from keyline.days import day_of
from keyline.idempotency import IdempotencyKey
from tests.support.faults import Fault, FaultProxy, fault_proxy
from tests.systems.chat.engine.test_api import NEW, POST, of_conversation
from tests.systems.chat.on_engine import Api, Chat
from tests.systems.chat.unit.examples import message

pytestmark = pytest.mark.usefixtures("no_sleep")
HEADERS = {"content-type": "application/json", "idempotency-key": '"key-1"'}


@pytest.fixture
def proxy(chat: Chat) -> Iterator[FaultProxy]:
    with fault_proxy(chat.endpoint) as made:
        yield made


@pytest.fixture
def behind(chat: Chat, proxy: FaultProxy) -> Api:
    """The function `write` on the same tables, behind the proxy."""
    return Chat(proxy.url, chat.environment, chat.settings, chat.monkeypatch).app("write")


def test_a_request_with_a_key_is_carried_out_once_and_answered_alike(chat: Chat) -> None:
    api = chat.app("write")
    first, again = (api(POST, of_conversation("c"), body=NEW, headers=HEADERS) for _ in range(2))
    assert first.status == again.status == 201
    assert first.body == again.body
    assert first.headers["location"] == again.headers["location"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert len(chat.stored("ChatMessages")) == 1


@pytest.mark.parametrize(("conversation", "change"), [("c", {"tokenCount": 121}), ("another", {})])
def test_a_key_with_another_request_is_refused(
    chat: Chat, conversation: str, change: dict[str, Any]
) -> None:
    api = chat.app("write")
    assert api(POST, of_conversation("c"), body=NEW, headers=HEADERS).status == 201
    other = api(POST, of_conversation(conversation), body={**NEW, **change}, headers=HEADERS)
    assert (other.status, other.body["path"]) == (422, "headers.idempotency-key")
    assert len(chat.stored("ChatMessages")) == 1


def test_keys_of_two_callers_do_not_meet(chat: Chat) -> None:
    api = chat.app("write")
    stored = [
        api(POST, of_conversation("c"), body=NEW, headers=HEADERS, subject=subject).body
        for subject in ("one", "two")
    ]
    assert len({each["messageId"] for each in stored}) == 2
    assert len(chat.stored("ChatMessages")) == 2


def test_a_repeated_message_counts_once_in_the_totals(chat: Chat) -> None:
    api = chat.app("write")
    stored = [api(POST, of_conversation("c"), body=NEW, headers=HEADERS).body for _ in range(2)]
    chat.rollup.count([message(**each) for each in stored])
    chat.rollup.count([message(**stored[1])])
    day = day_of(stored[0]["timestamp"])
    (total,) = chat.store.items(PROVIDER_DAYS, provider="openai", day=(day, day))
    assert (total.messages, total.tokens) == (1, NEW["tokenCount"])


def test_a_key_is_forgotten_after_its_days(chat: Chat) -> None:
    api = chat.app("write")
    assert api(POST, of_conversation("c"), body=NEW, headers=HEADERS).status == 201
    (row,) = [item for item in chat.stored("ChatDailyRollups") if "requestId" in item]
    expire(chat, row)
    again = api(POST, of_conversation("c"), body=NEW, headers=HEADERS)
    assert (again.status, again.headers.get("idempotent-replayed")) == (201, None)
    assert len(chat.stored("ChatMessages")) == 2


def expire(chat: Chat, row: dict[str, Any]) -> None:
    """Let an item have expired, without being deleted."""
    table = f"ChatDailyRollups-{chat.environment}"
    chat.dynamodb.put_item(TableName=table, Item={**row, "ttl": {"N": "1"}})


def test_a_message_without_a_key_costs_what_it_did(chat: Chat) -> None:
    repository = chat.repository

    def sent(key: IdempotencyKey | None = None) -> dict[str, float]:
        """Store a student's message as the handler does; return the units by pattern."""
        seen = len(chat.meter.calls)
        assert repository.may_write("c-1", 5)
        if key is None:
            repository.create(lambda at: message(timestamp=at, studentId=5))
        else:
            repository.create_once(lambda at: message(timestamp=at, messageId=key.id), key)
        return {call.pattern: call.read + call.write for call in chat.meter.calls[seen:]}

    first, later = sent(), sent()
    assert later == {"conversation-opening": 1, "message-create": 4}
    assert first == {**later, "conversation-claim": 1}
    key = IdempotencyKey.of("ada", POST, "1", b"{}")
    assert sent(key) == {**later, "request-reserve": 1}


@pytest.mark.parametrize("fault", [Fault.UNSENT, Fault.LOST, Fault.CUT])
@pytest.mark.parametrize("place", [0, 1])
def test_a_request_whose_answer_was_lost_may_be_sent_again_with_its_key(
    chat: Chat, behind: Api, proxy: FaultProxy, place: int, fault: Fault
) -> None:
    proxy.next(*[None] * place, *[fault] * 3)
    unknown = behind(POST, of_conversation("c"), body=NEW, headers=HEADERS)
    assert (unknown.status, unknown.body["type"]) == (503, "urn:problem-type:outcome-unknown")
    assert "same Idempotency-Key" in unknown.body["suggestion"]
    again = behind(POST, of_conversation("c"), body=NEW, headers=HEADERS)
    assert again.status == 201
    (row,) = chat.stored("ChatMessages")
    assert row["messageId"]["S"] == again.body["messageId"]


def test_one_of_two_students_who_open_a_conversation_at_once_owns_it(
    chat: Chat, behind: Api, proxy: FaultProxy
) -> None:
    # Given a first write that never arrives, and another student who is faster
    direct, others = chat.app("write"), []
    proxy.only = frozenset({"PutItem"})
    proxy.next(Fault.UNSENT)
    proxy.meanwhile = lambda: others.append(
        direct(POST, of_conversation("c"), body=NEW, student=6).status
    )
    refused = behind(POST, of_conversation("c"), body=NEW, student=5)
    assert (others, refused.status) == ([201], 404)
    assert [row["studentId"]["N"] for row in chat.stored("ChatMessages")] == ["6"]
    assert direct(POST, of_conversation("c"), body=NEW, student=6).status == 201


def test_every_conversation_that_many_students_open_has_one_owner(chat: Chat) -> None:
    api = chat.app("write")
    names, students = [f"c-{n}" for n in range(12)], [4, 5, 6]

    def opened(name: str, student: int) -> tuple[str, int, int]:
        return name, student, api(POST, of_conversation(name), body=NEW, student=student).status

    with ThreadPoolExecutor(6) as threads:
        told = list(
            threads.map(lambda each: opened(*each), [(n, s) for n in names for s in students])
        )
    assert {status for *_, status in told} == {201, 404}
    owners = {name: student for name, student, status in told if status == 201}
    assert len(owners) == len(names) == [status for *_, status in told].count(201)
    stored = {
        r["conversationId"]["S"]: int(r["studentId"]["N"]) for r in chat.stored("ChatMessages")
    }
    assert stored == owners


def test_a_student_whose_message_came_after_one_of_staff_keeps_the_conversation(
    chat: Chat,
) -> None:
    api = chat.app("write")
    opened = api(POST, of_conversation("c"), body=NEW, student=5)
    earlier: Message = message(
        conversationId="c", timestamp=opened.body["timestamp"] - 1, studentId=None
    )
    chat.add(earlier)
    assert api(POST, of_conversation("c"), body=NEW, student=5).status == 201
    assert api(POST, of_conversation("c"), body=NEW, student=6).status == 404
