"""Daily totals: messages folded into few writes, each message counted exactly once.

The stream delivers at least once, and its batches may come again in other cuts. So a
message is added to its totals in the same transaction that marks it as counted. A batch
is cut so that each transaction holds as many messages as its 100 actions allow: one mark
per message, and one addition per total that any of them touches. Where a mark is there
already, the transaction is cancelled as a whole, those messages are dropped, and the
rest is tried again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from chat.latency import LATENCY_FIELDS, Latency
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
from chat.totals import TotalKey, fold, keys_of
from keyline.days import day_of
from keyline.model import MAX_TRANSACTION
from keyline.moments import DAY_SECONDS
from keyline.run import ConditionFailed, OutcomeUnknown, Store, TransactionCancelled, Write

ATTEMPTS = 6
"""How often a transaction that meets another is tried before the batch is given back."""
SEEN_STUDENTS = 10_000
"""Students whose last activity a process remembers, so as not to write it again."""
_FIRST_PAUSE = 0.02


def cut(messages: Iterable[Message], limit: int = MAX_TRANSACTION) -> Iterator[list[Message]]:
    """Cut messages into parts whose marks and totals fit into one transaction each.

    Messages of one module, day and student are put side by side, since they share totals.
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


@dataclass
class Rollup:
    """Adds messages to the daily totals.

    Parameters
    ----------
    clock
        The present, epoch seconds.
    sleep
        Waits so many seconds before a transaction that met another is tried again.
    """

    store: Store
    settings: Settings
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _seen: dict[int, float] = field(default_factory=dict)

    def count(self, messages: Iterable[Message]) -> list[Message]:
        """Count each message that was not counted before; return these.

        Raises
        ------
        TransactionCancelled
            If a transaction kept meeting others. What was counted stays counted, and trying
            all the messages again counts none of them twice.
        """
        unique = list({message.messageId: message for message in messages}.values())
        counted = [m for part in cut(unique) for m in self._count_part(part)]
        self._remember_bounded()
        for student, hour in fold(unique).last.items():
            if hour > self._seen.get(student, 0):
                self._seen[student] = self._see(student, hour)
        return counted

    def _count_part(self, part: Sequence[Message]) -> Sequence[Message]:
        attempt = 0
        while part:
            try:
                self.store.transact(COUNT_MESSAGES, self._writes(part))
            except TransactionCancelled as cancelled:
                known = _known(cancelled, len(part))
                part = [m for place, m in enumerate(part) if place not in known]
                if not known:
                    attempt += 1
                    if attempt == ATTEMPTS or not cancelled.conflict:
                        raise
                    self.sleep(random.uniform(0, _FIRST_PAUSE * 2**attempt))  # noqa: S311
            else:
                return part
        return part

    def _writes(self, part: Sequence[Message]) -> list[Write]:
        """The marks, in the order of the messages, then the additions."""
        totals = fold(part)
        ttl = self._expiry
        writes = [Write.put(MESSAGE_COUNTED, Counted(messageId=m.messageId)) for m in part]
        writes += [_module_write(t, ttl) for t in totals.modules.values()]
        writes += [_provider_write(t, ttl) for t in totals.providers.values()]
        writes += [_student_write(t, ttl) for t in totals.students.values()]
        return writes

    def _see(self, student: int, hour: float) -> float:
        """Move a student's last activity forward to an hour; what it is then."""
        seen = {"lastAt": hour, "roster": ROSTER, "ttl": self._expiry}
        try:
            self.store.update(STUDENT_SEEN, seen, studentId=student, seenAt=hour)
        except (ConditionFailed, OutcomeUnknown) as failed:
            # A message of this hour or a later one came before, or this one, whose answer was lost.
            there: LastActivity | None = failed.current
            if there is None and isinstance(failed, OutcomeUnknown):
                raise
            return there.lastAt if there else hour
        return hour

    def _remember_bounded(self) -> None:
        """Forget whom this process has seen where it is too many: it only saves writes."""
        if len(self._seen) > SEEN_STUDENTS:
            self._seen.clear()

    @property
    def _expiry(self) -> int:
        return int(self.clock() + self.settings.rollup_days * DAY_SECONDS)


def _known(cancelled: TransactionCancelled, marks: int) -> set[int]:
    """The places of the messages whose mark was there: the first actions are the marks."""
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


_COUNTS = ("messages", "tokens", *LATENCY_FIELDS)
_STUDENT_COUNTS = ("messages", "tokens", "responseTime")


def _module_write(total: ModuleDay, ttl: int) -> Write:
    return Write.update(
        MODULE_DAY_ADD,
        {**_counts(total, _COUNTS), "ttl": ttl},
        moduleId=total.moduleId,
        day=total.day,
        provider=total.provider,
        modelUsed=total.modelUsed,
    )


def _provider_write(total: ProviderDay, ttl: int) -> Write:
    return Write.update(
        PROVIDER_DAY_ADD,
        {**_counts(total, _COUNTS), "ttl": ttl},
        provider=total.provider,
        day=total.day,
        modelUsed=total.modelUsed,
    )


def _student_write(total: StudentDay, ttl: int) -> Write:
    return Write.update(
        STUDENT_DAY_ADD,
        {**_counts(total, _STUDENT_COUNTS), "ttl": ttl},
        moduleId=total.moduleId,
        studentId=total.studentId,
        day=total.day,
    )


def _counts(total: Latency | StudentDay, names: Sequence[str]) -> dict[str, int]:
    """What there is to add; adding nothing would only make the item larger."""
    return {name: count for name in names if (count := getattr(total, name))}
