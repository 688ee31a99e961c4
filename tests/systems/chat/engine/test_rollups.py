"""The daily totals equal a recount of the messages, whatever the stream does."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any

import msgspec
import pytest

from chat.patterns import MODULE_DAYS, PROVIDER_DAYS
from chat.prices import COST
from chat.repository import PageRequest
from chat.rollup import Rollup
from chat.system import SYSTEM
from chat.tables import LastActivity, Message
from chat.totals import Totals, fold
from keyline.run import (
    Cancelled,
    Store,
    TransactionCancelledError,
    dynamodb_client,
)
from keyline.stream import BatchFailedError
from tests.support.engine import where
from tests.support.faults import Fault, FaultProxy, fault_proxy
from tests.systems.chat.counted import (
    DAYS,
    MODULES,
    PROVIDERS,
    STUDENTS,
    assert_counted_once,
)
from tests.systems.chat.on_engine import Chat, MakeChat
from tests.systems.chat.unit.examples import DAY_MS, START, message, summed


def some_messages(count: int, seed: int) -> list[Message]:
    """Return the messages over some days, modules, students and models, some without a student."""
    drawn = random.Random(seed)
    return [
        message(
            timestamp=round(START + drawn.uniform(0, 5 * DAY_MS), 3),
            moduleId=drawn.choice(MODULES),
            studentId=drawn.choice((None, *STUDENTS)),
            provider=drawn.choice(PROVIDERS),
            modelUsed=drawn.choice(("small", "large")),
            tokenCount=drawn.randrange(3000),
            responseTime=drawn.randrange(15_000),
        )
        for _ in range(count)
    ]


@pytest.mark.requirement("T-43")
@pytest.mark.parametrize("seed", [1, 2])
def test_totals_equal_a_recount_under_duplicates_redelivery_and_any_order(
    chat: Chat, seed: int
) -> None:
    # Given messages in an order of their own, many of them delivered several times
    messages = some_messages(150, seed)
    drawn = random.Random(seed)
    delivered = messages + drawn.choices(messages, k=150)
    drawn.shuffle(delivered)

    # When they come in batches of any size
    while delivered:
        size = drawn.randint(1, 60)
        chat.rollup.count(delivered[:size])
        delivered = delivered[size:]

    # Then each has counted once
    assert_counted_once(chat, messages)


@pytest.mark.requirement("T-43")
def test_several_consumers_of_the_same_messages_at_once_count_each_once(chat: Chat) -> None:
    messages = some_messages(60, 3)

    added: list[Totals] = []

    def consume(seed: int) -> None:
        own = random.Random(seed).sample(messages, len(messages))
        for start in range(0, 60, 20):
            Rollup(chat.store, chat.settings, added.append).count(own[start : start + 20])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(consume, range(4)))

    assert summed(added) == summed([fold(messages)])
    assert_counted_once(chat, messages)


def behind(chat: Chat, proxy: FaultProxy) -> Store:
    """Return a store whose requests pass a proxy."""
    client = dynamodb_client(**{**where(proxy.url), "read_timeout": 20.0})
    return Store(system=SYSTEM, environment=chat.environment, settings=chat.settings, client=client)


def test_a_last_activity_whose_answer_was_lost_is_recognised(chat: Chat) -> None:
    one = message(studentId=1, moduleId=1)
    with fault_proxy(chat.endpoint) as proxy:
        proxy.only = frozenset({"UpdateItem"})
        proxy.next(Fault.LOST)
        added: list[Totals] = []
        Rollup(behind(chat, proxy), chat.settings, added.append).count([one])
    assert added == [fold([one])]
    assert proxy.failed[Fault.LOST, "UpdateItem"] == 1
    assert_counted_once(chat, [one])


@pytest.mark.requirement("T-30")
@pytest.mark.parametrize("order", list(permutations((0, 1, 2))))
def test_a_last_activity_never_moves_back_whoever_counts_it(
    chat: Chat, order: tuple[int, ...]
) -> None:
    # Given messages of three days, each counted by a process that knows of no other
    days = [message(timestamp=START + day * DAY_MS, studentId=1) for day in range(3)]
    for day in order:
        Rollup(chat.store, chat.settings).count([days[day]])

    # Then the latest of them is the last activity
    page = chat.repository.inactive(START * 2, PageRequest(caller="staff"))
    assert [student.lastAt for student in page.items] == [days[2].timestamp]


@pytest.mark.requirement("X-04")
def test_marks_and_totals_expire_in_epoch_seconds(chat: Chat) -> None:
    before = int(time.time())
    chat.rollup.count([message(studentId=1)])
    rows = {
        row["pk"]["S"].partition("#")[0]: int(row["ttl"]["N"])
        for row in chat.stored("ChatDailyRollups")
    }
    kept = {name: (at - before) / 86_400 for name, at in rows.items()}
    totals, marks = chat.settings.rollup_days, chat.settings.marker_days
    assert kept == pytest.approx(
        {
            **dict.fromkeys(("MODULE", "PROVIDER", "STUDENTS", "STUDENT"), totals),
            "COUNTED": marks,
        },
        abs=0.1,
    )


@pytest.mark.requirement("T-43")
def test_a_batch_is_few_writes(chat: Chat) -> None:
    # Given a hundred messages of one module, day and model by three students
    messages = [message(timestamp=START + n, studentId=1 + n % 3) for n in range(100)]

    # When they come as one batch
    chat.rollup.count(messages)

    # Then two transactions hold them: 100 marks, and the totals of each part
    calls = [(call.pattern, call.items) for call in chat.meter.calls]
    assert [pattern for pattern, _ in calls].count("count-messages") == 2
    marks = [items for pattern, items in calls if pattern == "count-messages"]
    assert sum(marks) <= 100 + 2 * 5
    assert [pattern for pattern, _ in calls].count("student-seen") == 3

    # And when they come again, nothing is written
    chat.rollup.count(messages)
    assert stored_totals_of(chat, 7) == 100
    again = chat.meter.calls[len(calls) :]
    assert [call.pattern for call in again if call.write] == []


def stored_totals_of(chat: Chat, module: int) -> int:
    """Return the messages that a module's totals count."""
    return sum(
        total.messages for total in chat.repository.totals(MODULE_DAYS, DAYS, moduleId=module)
    )


@pytest.mark.requirement("T-30")
def test_inactive_students_are_those_of_an_old_last_message_longest_silent_first(
    make_chat: MakeChat,
) -> None:
    # Given students whose last message came on different days, delivered newest first
    chat = make_chat(roster_shards=4)
    last = {student: START + student * DAY_MS for student in range(1, 21)}
    chat.rollup.count(
        [
            message(studentId=student, timestamp=at - back, moduleId=1)
            for student, at in last.items()
            for back in (0, 1000, 5 * DAY_MS)
        ]
    )
    for student, at in last.items():
        chat.rollup.count([message(studentId=student, timestamp=at - 2000, moduleId=1)])
    chat.rollup.count([message(studentId=None, moduleId=1)])

    # When those not heard of since the tenth day are read page by page
    found: list[LastActivity] = []
    cursor = None
    while True:
        page = chat.repository.inactive(last[10], PageRequest("staff", limit=4, cursor=cursor))
        found += page.items
        assert cursor is None or page.cursor != cursor  # else it would never end
        cursor = page.cursor
        if cursor is None:
            break

    # Then they come in order, and nobody who was active since
    assert [(s.studentId, s.lastAt) for s in found] == [(n, last[n]) for n in range(1, 10)]
    assert (
        len({row["roster"]["S"] for row in chat.stored("ChatDailyRollups") if "roster" in row}) == 4
    )


@pytest.mark.requirement("T-39", "T-43", "X-05")
def test_the_stream_s_handler_counts_new_messages_only_and_reports_the_poison(
    chat: Chat, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given records of new messages, a changed one, an expired one, and one that is not a message
    handler = chat.module("rollup-stream").handler
    messages = [message(timestamp=START + n, moduleId=1, provider="openai") for n in range(4)]
    records = [record(chat, n, m) for n, m in enumerate(messages)]
    changed = record(chat, 10, message(moduleId=1), kind="MODIFY")
    expired = record(chat, 11, message(moduleId=1), kind="REMOVE")
    expired["userIdentity"] = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
    poison = {**records[0], "eventID": "e-12"}
    image = {"conversationId": {"S": "c"}}
    poison["dynamodb"] = {**poison["dynamodb"], "SequenceNumber": "12", "NewImage": image}

    # When they are delivered
    answer = handler({"Records": [*records[:2], changed, expired, poison, *records[2:]]}, None)

    # Then what precedes the poison is counted, and the poison reported
    assert answer == {"batchItemFailures": [{"itemIdentifier": "12"}]}
    assert stored_totals_of(chat, 1) == 2

    # And when Lambda has given it up, the rest is counted, and nothing twice
    assert handler({"Records": [*records, *records]}, None) == {"batchItemFailures": []}
    assert stored_totals_of(chat, 1) == 4
    assert_counted_once(chat, messages)

    # And what a message cost is published once: a day's sum is held against the budget
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    spent = [usd for line in lines for usd in line.get(COST, [])]
    tokens = sum(m.tokenCount for m in messages)
    assert sum(spent) == pytest.approx(tokens / 1000 * chat.settings.prices_per_1k_tokens["openai"])


@pytest.mark.requirement("T-39", "T-43")
def test_the_cost_of_what_was_counted_is_published_once_although_a_later_part_fails(
    chat: Chat, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a batch of several transactions
    module = chat.module("rollup-stream")
    price = chat.settings.prices_per_1k_tokens["openai"]
    messages = [message(timestamp=START + n, moduleId=1, studentId=n) for n in range(1, 121)]
    records = [record(chat, n, m) for n, m in enumerate(messages)]
    store = module._rollup.store
    transact, left = Store.transact, [2]

    def failing(*given: Any, **named: Any) -> Any:
        if not left[0]:
            raise TransactionCancelledError("t", [Cancelled(0, "mark", "ThrottlingError")])
        left[0] -= 1
        return transact(*given, **named)

    def published() -> float:
        lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
        return float(sum(usd for line in lines for usd in line.get(COST, [])))

    def counted() -> float:
        days = chat.repository.totals(PROVIDER_DAYS, DAYS, provider="openai")
        return float(sum(day.tokens for day in days) / 1000 * price)

    # When the third transaction fails, and every one after it
    monkeypatch.setattr(type(store), "transact", failing)
    with pytest.raises(BatchFailedError):
        module.handler({"Records": records}, None)
    first = published()
    assert first == pytest.approx(counted())
    assert 0 < first < len(messages) * 100 / 1000 * price

    # And Lambda delivers the batch again
    left[0] = 1_000
    assert module.handler({"Records": records}, None) == {"batchItemFailures": []}

    # Then the cost of every message has been published, once
    assert first + published() == pytest.approx(counted())
    assert counted() == pytest.approx(len(messages) * 100 / 1000 * price)


def record(chat: Chat, number: int, of: Message, kind: str = "INSERT") -> dict[str, Any]:
    """Return a stream record as Lambda delivers it, with the image that the table stores."""
    chat.add(of)
    (image,) = [r for r in chat.stored("ChatMessages") if r["messageId"]["S"] == of.messageId]
    images = {} if kind == "REMOVE" else {"NewImage": image}
    return {
        "eventID": f"e-{number}",
        "eventName": kind,
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "Keys": {name: image[name] for name in ("conversationId", "timestamp")},
            "SequenceNumber": str(number),
            **images,
        },
    }
