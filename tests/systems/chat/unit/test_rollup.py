"""Folding messages into few writes: any order, any cut, every message once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.patterns import MESSAGE_COUNTED
from chat.rollup import ATTEMPTS, Rollup, in_transactions
from chat.settings import Settings
from chat.tables import Message
from chat.totals import Totals, fold, keys_of, last_hours
from keyline.model import MAX_TRANSACTION
from keyline.run import Cancelled, TransactionCancelledError, Write
from tests.systems.chat.unit.examples import DAY_MS, START, message, messages, summed


class Ledger:
    """A table of totals in memory that takes transactions as DynamoDB does.

    Parameters
    ----------
    conflicts
        How many transactions meet another one first.

    Attributes
    ----------
    left
        How many transactions it still takes before it refuses all; None for any number.
    """

    def __init__(self, conflicts: int = 0) -> None:
        self.marks: set[str] = set()
        self.totals: dict[tuple[Any, ...], dict[str, int]] = {}
        self.sizes: list[int] = []
        self.conflicts = conflicts
        self.left: int | None = None

    def transact(self, pattern: object, actions: Sequence[Write]) -> None:
        assert 1 <= len(actions) <= MAX_TRANSACTION
        keys = [(a.pattern.name, *sorted(a.values.items())) for a in actions if not a.item]
        assert len(set(keys)) == len(keys)
        if self.conflicts:
            self.conflicts -= 1
            raise TransactionCancelledError("t", [Cancelled(0, "mark", "TransactionConflict")])
        marks = [a.item.messageId for a in actions if a.pattern is MESSAGE_COUNTED]  # type: ignore[union-attr] # a mark's item
        known = [n for n, name in enumerate(marks) if name in self.marks]
        if known:
            raise TransactionCancelledError(
                "t", [Cancelled(n, "mark", "ConditionalCheckFailed") for n in known]
            )
        if self.left is not None:
            if not self.left:
                raise TransactionCancelledError("t", [Cancelled(0, "mark", "ThrottlingError")])
            self.left -= 1
        self.marks.update(marks)
        self.sizes.append(len(actions))
        for key, action in zip(keys, actions[len(marks) :], strict=True):
            total = self.totals.setdefault(key, {})
            for name in set(action.changes) - set(action.values) - {"ttl"}:
                total[name] = total.get(name, 0) + action.changes[name]

    def update(self, pattern: object, changes: Any, **key: Any) -> None:
        """Last activities are not what these tests are about."""


def rollup(ledger: Ledger, added: Callable[[Totals], object] = lambda _: None) -> Rollup:
    """Return a rollup into the ledger that waits for nothing."""
    return Rollup(ledger, Settings(), added, clock=lambda: START / 1000, sleep=lambda _: None)  # type: ignore[arg-type] # as much of a store as it uses


def counted(ledger: Ledger, table: str) -> int:
    """Return the messages that the totals of one kind count."""
    return sum(t["messages"] for (name, *_), t in ledger.totals.items() if name == table)


@given(st.lists(messages, max_size=40), st.data())
def test_folding_parts_in_any_order_gives_what_folding_all_gives(
    given_messages: list[Message], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(given_messages))
    at = data.draw(st.integers(0, len(shuffled)))
    assert fold(shuffled) == fold(given_messages)
    assert last_hours(shuffled) == last_hours(given_messages)
    parts = [fold(shuffled[:at]), fold(shuffled[at:])]
    assert summed(parts) == summed([fold(given_messages)])


@given(st.lists(messages, max_size=250), st.integers(4, 100))
def test_parts_fit_into_a_transaction_and_hold_every_message_once(
    given_messages: list[Message], limit: int
) -> None:
    parts = list(in_transactions(given_messages, limit))
    assert sorted(m.messageId for part in parts for m in part) == sorted(
        m.messageId for m in given_messages
    )
    for part in parts:
        assert len(part) + len({key for m in part for key in keys_of(m)}) <= limit


@pytest.mark.requirement("T-43")
@given(st.lists(messages, max_size=60), st.data())
def test_each_message_counts_once_under_any_delivery(
    given_messages: list[Message], data: st.DataObject
) -> None:
    again = (
        data.draw(st.lists(st.sampled_from(given_messages), max_size=60)) if given_messages else []
    )
    delivery = data.draw(st.permutations(given_messages + again))
    ledger = Ledger()
    added: list[Totals] = []
    consumer = rollup(ledger, added.append)
    while delivery:
        size = data.draw(st.integers(1, len(delivery)))
        consumer.count(delivery[:size])
        delivery = delivery[size:]
    assert ledger.marks == {m.messageId for m in given_messages}
    assert summed(added) == summed([fold(given_messages)])
    for table in ("module-day-add", "provider-day-add"):
        assert counted(ledger, table) == len(given_messages)
    known = [m for m in given_messages if m.studentId is not None]
    assert counted(ledger, "student-day-add") == len(known)


def test_a_transaction_that_meets_another_is_tried_again_and_given_back_at_last() -> None:
    ledger = Ledger(conflicts=ATTEMPTS - 1)
    rollup(ledger).count([message()])
    assert len(ledger.marks) == 1
    stubborn = Ledger(conflicts=ATTEMPTS)
    with pytest.raises(TransactionCancelledError):
        rollup(stubborn).count([message()])
    assert not stubborn.marks


@pytest.mark.requirement("T-39")
@given(st.lists(st.integers(0, 6), max_size=8))
def test_what_was_counted_is_told_once_although_a_later_part_fails(fails_after: list[int]) -> None:
    # Given a batch of several parts, which is delivered again as long as one of them fails
    batch = [
        message(timestamp=START + n * DAY_MS / 20, moduleId=1 + n % 3, studentId=n % 4 or None)
        for n in range(200)
    ]
    assert len(list(in_transactions(batch))) == 4
    ledger, added = Ledger(), list[Totals]()
    consumer = rollup(ledger, added.append)

    # When parts fail, what was counted until then has been told
    for ledger.left in fails_after:
        with suppress(TransactionCancelledError):
            consumer.count(batch)
        told = [total for totals in added for total in totals.modules.values()]
        assert sum(total.messages for total in told) == len(ledger.marks)

    # Then all is told once in the end
    ledger.left = None
    consumer.count(batch)
    assert summed(added) == summed([fold(batch)])


@pytest.mark.parametrize(
    "reason",
    [Cancelled(0, "mark", "ThrottlingError"), Cancelled(1, "total", "ConditionalCheckFailed")],
)
def test_a_refusal_for_another_reason_is_not_tried_again(reason: Cancelled) -> None:
    class Refusing(Ledger):
        calls = 0

        def transact(self, pattern: object, actions: Sequence[Write]) -> None:
            self.calls += 1
            raise TransactionCancelledError("t", [reason])

    ledger = Refusing()
    with pytest.raises(TransactionCancelledError):
        rollup(ledger).count([message()])
    assert ledger.calls == 1


def test_messages_of_one_class_share_their_totals() -> None:
    ledger = Ledger()
    rollup(ledger).count([message(timestamp=START + n) for n in range(97)])
    assert ledger.sizes == [100]
