"""Add messages to the daily totals with few writes, each message exactly once.

The stream delivers a message at least once. A second delivery may put the message into a
different batch. So one transaction both adds a message to its totals and marks the message as
counted. A batch is divided so that each transaction holds as many messages as its 100 actions
allow: one mark for each message, and one addition for each total that the messages change. If
a mark already exists, DynamoDB cancels the whole transaction. The messages with such marks are
then dropped, and the others are tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from chat.patterns import (
    COUNT_MESSAGES,
    MESSAGE_COUNTED,
    MODULE_DAY_ADD,
    PROVIDER_DAY_ADD,
    STUDENT_DAY_ADD,
    STUDENT_SEEN,
)
from chat.settings import Settings
from chat.tables import ROSTER, Counted, LastActivity, Message, ModuleDay, ProviderDay, StudentDay
from chat.totals import TotalKey, Totals, fold, keys_of, last_hours
from keyline.days import day_of
from keyline.model import MAX_TRANSACTION, Update
from keyline.moments import DAY_SECONDS
from keyline.run import (
    ConditionFailedError,
    OutcomeUnknownError,
    Store,
    TransactionCancelledError,
    Write,
)
from keyline.tracing import segment

ATTEMPTS = 6
"""Tries of a transaction that conflicts with another one, before the batch is given back."""
SEEN_STUDENTS = 10_000
"""Students whose last activity a process remembers, so that it does not write it again."""
_FIRST_PAUSE = 0.02


def in_transactions(
    messages: Iterable[Message], limit: int = MAX_TRANSACTION
) -> Iterator[list[Message]]:
    """Divide messages into parts whose marks and totals fit into one transaction each.

    Messages of one module, day and student come into the same part where possible, because
    they share totals.
    """
    part: list[Message] = []
    touched: set[TotalKey] = set()
    for message in sorted(messages, key=_likeness):
        keys = keys_of(message)
        if part and len(part) + 1 + len(touched | keys) > limit:
            yield part
            part, touched = [], set()
        part.append(message)
        touched |= keys
    if part:
        yield part


class Rollup(msgspec.Struct):
    """Add messages to the daily totals.

    Parameters
    ----------
    added
        Is called with the totals that a transaction has added, as soon as it has: what was counted
        is told although a later transaction of the batch fails.
    clock
        Returns the present, epoch seconds.
    sleep
        Waits so many seconds before a transaction that met a conflict is tried again.
    """

    store: Store
    settings: Settings
    added: Callable[[Totals], object] = msgspec.field(default=lambda _: None)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _seen: dict[int, float] = msgspec.field(default_factory=dict)

    def count(self, messages: Iterable[Message]) -> None:
        """Count each message that was not counted before.

        Raises
        ------
        TransactionCancelledError
            If a transaction conflicted with others at every try. What was counted stays counted.
            If all the messages are given again, none of them counts twice.
        """
        unique = list({message.messageId: message for message in messages}.values())
        for part in in_transactions(unique):
            totals = self._count_part(part)
            if totals is not None:
                self.added(totals)
        self._remember_bounded()
        for student, hour in last_hours(unique).items():
            if hour > self._seen.get(student, 0):
                self._seen[student] = self._see(student, hour)

    def _count_part(self, part: Sequence[Message]) -> Totals | None:
        """Return what a transaction added; None if all its messages were counted before."""
        attempt = 0
        while part:
            totals = fold(part)
            try:
                with segment("countMessages", items=len(part)):
                    self.store.transact(COUNT_MESSAGES, self._writes(part, totals))
            except TransactionCancelledError as cancelled:
                known = _known(cancelled, len(part))
                part = [m for place, m in enumerate(part) if place not in known]
                if not known:
                    attempt += 1
                    if attempt == ATTEMPTS or not cancelled.conflict:
                        raise
                    self.sleep(random.uniform(0, _FIRST_PAUSE * 2**attempt))  # noqa: S311
            else:
                return totals
        return None

    def _writes(self, part: Sequence[Message], totals: Totals) -> list[Write]:
        """Return the marks, in the order of the messages, and then the additions."""
        ttl = self._expiry
        writes = [Write.put(MESSAGE_COUNTED, Counted(messageId=m.messageId)) for m in part]
        writes += [_addition(MODULE_DAY_ADD, t, ttl) for t in totals.modules.values()]
        writes += [_addition(PROVIDER_DAY_ADD, t, ttl) for t in totals.providers.values()]
        writes += [_addition(STUDENT_DAY_ADD, t, ttl) for t in totals.students.values()]
        return writes

    def _see(self, student: int, hour: float) -> float:
        """Move a student's last activity forward to an hour; return the stored last activity."""
        seen = {"lastAt": hour, "roster": ROSTER, "ttl": self._expiry}
        try:
            self.store.update(STUDENT_SEEN, seen, studentId=student, seenAt=hour)
        except (ConditionFailedError, OutcomeUnknownError) as failed:
            # Either a message of this hour or a later hour came first, or this update was
            # carried out and its answer was lost.
            stored: LastActivity | None = failed.current
            if stored is None and isinstance(failed, OutcomeUnknownError):
                raise
            return stored.lastAt if stored else hour
        return hour

    def _remember_bounded(self) -> None:
        """Forget all students if there are too many. Remembering them only saves writes."""
        if len(self._seen) > SEEN_STUDENTS:
            self._seen.clear()

    @property
    def _expiry(self) -> int:
        return int(self.clock() + self.settings.rollup_days * DAY_SECONDS)


def _known(cancelled: TransactionCancelledError, marks: int) -> set[int]:
    """Return the places of the messages that were counted before.

    The first actions of the transaction are the marks.
    """
    failed = {r.action for r in cancelled.reasons if r.code == "ConditionalCheckFailed"}
    return {action for action in failed if action < marks}


def _likeness(message: Message) -> tuple[str, int, int, str, str]:
    return (
        day_of(message.timestamp),
        message.moduleId,
        message.studentId or 0,
        message.provider,
        message.modelUsed,
    )


def _addition(pattern: Update[Any], total: ModuleDay | ProviderDay | StudentDay, ttl: int) -> Write:
    """Return the write that adds a total to the stored one.

    Counts of 0 are left out: adding 0 would create the attribute and make the item larger.
    """
    added = {name: count for name in pattern.add if (count := getattr(total, name))}
    key = {name: getattr(total, name) for name in pattern.parameters}
    return Write.update(pattern, {**added, "ttl": ttl}, **key)
